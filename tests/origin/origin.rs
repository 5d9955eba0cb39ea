//! The origin: listeners, links and books, from start to end.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    config::{ConfigError, OriginConfig},
    connection::{self, Service},
    counters::Counters,
    fault::{Fault, Faults},
    glob::Glob,
    identity::Identity,
    ledger::{Exchange, Ledger},
    link::{Link, Outage, SharedLink},
};

/// A running origin. Dropping it ends all listeners and connections.
#[derive(Debug)]
pub struct Origin {
    identity: Identity,
    pages: Vec<String>,
    addresses: BTreeMap<String, SocketAddr>,
    links: BTreeMap<String, Arc<SharedLink>>,
    faults: Arc<Mutex<Faults>>,
    edition: Arc<AtomicU32>,
    ledger: Arc<Ledger>,
    tasks: JoinSet<()>,
}

impl Origin {
    /// Makes keys, binds the listeners to free ports of 127.0.0.1 and serves in tasks of the current runtime.
    ///
    /// # Errors
    /// A [`ConfigError`] inside an error of the kind `InvalidInput`; otherwise what the system says.
    pub async fn start(config: OriginConfig) -> io::Result<Self> {
        let plan = config.plan()?;
        let names = plan.listeners.values().flat_map(BTreeMap::keys).cloned();
        let mut origin = Self {
            identity: Identity::new(names)?,
            pages: plan.pages,
            addresses: BTreeMap::new(),
            links: plan.links.iter().map(|(name, link)| (name.clone(), SharedLink::new(*link))).collect(),
            faults: Arc::default(),
            edition: Arc::default(),
            ledger: Ledger::new(),
            tasks: JoinSet::new(),
        };
        for link in origin.links.values() {
            for lane in [Arc::clone(&link.down), Arc::clone(&link.up)] {
                origin.tasks.spawn(async move { lane.drive().await });
            }
        }
        for ((link_name, protocol), hosts) in plan.listeners {
            let link = Arc::clone(origin.known(&link_name)?);
            let listener = listen(!plan.links[&link_name].is_unshaped())?;
            let address = listener.local_addr()?;
            origin.addresses.extend(hosts.keys().map(|host| (host.clone(), address)));
            let acceptor = TlsAcceptor::from(origin.identity.server(protocol)?);
            let (faults, ledger) = (Arc::clone(&origin.faults), Arc::clone(&origin.ledger));
            let edition = Arc::clone(&origin.edition);
            let service = Arc::new(Service { protocol, link, hosts, faults, edition, ledger });
            origin.tasks.spawn(accept_all(listener, acceptor, service));
        }
        Ok(origin)
    }

    /// Ends everything and waits until it has ended.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }

    /// Value of Chromium's `--ignore-certificate-errors-spki-list`: base64 of the SHA-256 of the authority's
    /// SubjectPublicKeyInfo. The flag needs `--user-data-dir` beside it (fact S2).
    #[must_use]
    pub fn spki(&self) -> &str {
        &self.identity.spki
    }

    /// The authority's certificate in DER, for clients that have a trust store.
    #[must_use]
    pub fn authority_der(&self) -> &[u8] {
        self.identity.authority()
    }

    /// Value of Chromium's `--host-resolver-rules`: `MAP host:443 127.0.0.1:port` for each host (fact S1).
    #[must_use]
    pub fn resolver_rules(&self) -> String {
        let rule = |(host, address): (&String, &SocketAddr)| format!("MAP {host}:443 {address}");
        self.addresses.iter().map(rule).collect::<Vec<_>>().join(", ")
    }

    /// Where a host listens.
    #[must_use]
    pub fn address(&self, host: &str) -> Option<SocketAddr> {
        self.addresses.get(host).copied()
    }

    /// URLs of the sites' pages, in the order of the sites.
    #[must_use]
    pub fn pages(&self) -> &[String] {
        &self.pages
    }

    /// Gives a link a new shape. Shaped links change at once, under their open connections; a change from or to
    /// an unshaped link closes them.
    ///
    /// # Errors
    /// [`ConfigError::BadLink`] for a name that is not there or a rate of zero.
    pub fn set_link(&self, name: &str, link: Link) -> io::Result<()> {
        if link.rate_bits_per_s == Some(0) {
            return Err(ConfigError::BadLink { link: name.to_owned() }.into());
        }
        self.known(name)?.change(link);
        Ok(())
    }

    /// Lets a whole link fail, or work again.
    ///
    /// # Errors
    /// [`ConfigError::BadLink`] for a name that is not there.
    pub fn set_outage(&self, name: &str, outage: Option<Outage>) -> io::Result<()> {
        self.known(name)?.fail(outage);
        Ok(())
    }

    /// Lets answers to URLs that match go wrong from now on. `*` in the pattern stands for anything; of two
    /// patterns that match, the one set later holds; the same pattern again replaces its fault.
    ///
    /// # Errors
    /// [`ConfigError::TooManyFaults`].
    pub fn set_fault(&self, url_pattern: &str, fault: Fault) -> io::Result<()> {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.set(Glob::new(url_pattern), fault) {
            Ok(())
        } else {
            Err(ConfigError::TooManyFaults.into())
        }
    }

    /// Nothing goes wrong by URL any longer.
    pub fn clear_faults(&self) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The sites are in this edition from now on; they begin in edition 0.
    pub fn set_edition(&self, edition: u32) {
        self.edition.store(edition, Ordering::Relaxed);
    }

    /// What was asked and handed over since the start or the last [`Origin::reset`].
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.ledger.counters()
    }

    /// The last 4096 exchanges since the start or the last [`Origin::reset`], in the order of their acceptance.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.ledger.exchanges()
    }

    /// Waits until the counters are as wanted, and gives them.
    ///
    /// # Errors
    /// What they were after `limit`, if it never came to that.
    pub async fn until(
        &self,
        limit: Duration,
        wanted: impl FnMut(&Counters) -> bool + Send,
    ) -> Result<Counters, Counters> {
        self.ledger.until(limit, wanted).await
    }

    /// Times of exchanges, past ones too, are told from this moment on.
    pub fn mark(&self) {
        self.ledger.mark();
    }

    /// Empties counters and exchanges. What open answers still hand over is counted anew.
    pub fn reset(&self) {
        self.ledger.reset();
    }

    fn known(&self, name: &str) -> Result<&Arc<SharedLink>, ConfigError> {
        self.links.get(name).ok_or_else(|| ConfigError::BadLink { link: name.to_owned() })
    }
}

fn listen(shaped: bool) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    if shaped {
        socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    }
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    socket.listen(BACKLOG)
}

async fn accept_all(listener: TcpListener, acceptor: TlsAcceptor, service: Arc<Service>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((socket, _)) => {
                    // Small answers must not wait for acknowledgements.
                    let _ = socket.set_nodelay(true);
                    connections.spawn(connection::run(socket, acceptor.clone(), Arc::clone(&service)));
                }
                // The client is gone already, or descriptors are short: both pass.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Bytes that the system may hold for a client that does not read: beyond a reset's reach (fact S22).
const SEND_BUFFER_BYTES: u32 = 16 * 1_024;
/// Connections of one listener that wait to be accepted.
const BACKLOG: u32 = 1_024;
/// Open connections of one listener: several browsers with six for each host and spares.
const CONNECTIONS_MAX: usize = 512;
/// Rest after a failed accept, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
