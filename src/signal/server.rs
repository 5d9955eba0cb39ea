//! The server as a thing to start and stop: listener, routes, limits of the transport.
//!
//! `/v1` is the WebSocket, `/healthz` says `ok`, `/metrics` gives the figures of [`Metrics`].

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rand::rngs::{StdRng, SysRng};
use rand::{RngExt, SeedableRng};
use slipstream_wire::server::MAX_MESSAGE;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tracing::{info, warn};

use crate::address::{AddressLimits, Gate, Pass};
use crate::bucket::Rate;
use crate::bus::{Bus, plug_in};
use crate::hub::{Hub, Seat};
use crate::ice::Ice;
use crate::metrics::{Metrics, resident};
use crate::origin::Origins;
use crate::proxy::Proxies;
use crate::refusal::Refusal;
use crate::router::{NodeId, Pairing, Settings};
use crate::session::{self, Ending};
use crate::tls::Tls;

/// What a server is told at its start.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where to listen. Port 0 takes any free one; see [`Server::addr`].
    pub listen: SocketAddr,
    /// Certificate and key. `None` for plain WebSocket: on loopback, or behind a proxy that ends TLS.
    pub tls: Option<Tls>,
    /// Who may open a socket.
    pub origins: Origins,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: Proxies,
    /// Most WebSockets at once.
    pub connections: usize,
    /// New connections, of all together.
    pub arrivals: Rate,
    /// Bytes of memory of the whole process above which no new connection is taken. `None` where the server is a guest
    /// in a process whose memory is not its own, as in tests: it would turn browsers away for what others hold.
    pub memory: Option<u64>,
    /// What one network may open. `None` for no limit: for load tests.
    pub addresses: Option<AddressLimits>,
    /// How newcomers are paired.
    pub pairing: Pairing,
    /// STUN and TURN servers to announce.
    pub ice: Ice,
    /// NATS servers that this node shares topics through, as `nats://host:4222`, several with commas between them.
    pub bus: Option<String>,
}

impl ServerConfig {
    /// For a process that is nothing but this server: 80 % of 256 MiB and 32 KiB for each connection (SECURITY.md §5.1).
    pub const fn memory_for(connections: usize) -> u64 {
        let most = 256 * 1024 * 1024 + 32 * 1024 * connections as u64;
        most / 10 * 8
    }
}

impl Default for ServerConfig {
    /// Loopback, any free port, extensions only, 10,000 connections, the limits of SECURITY.md, one node.
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: None,
            origins: Origins::default(),
            proxies: Proxies::default(),
            connections: settings.capacity,
            arrivals: settings.arrivals,
            memory: None,
            addresses: Some(AddressLimits::default()),
            pairing: settings.pairing,
            ice: settings.ice,
            bus: None,
        }
    }
}

/// A running server. Dropping it is as abrupt as [`Server::kill`], without waiting.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    hub: Arc<Hub>,
    ending: watch::Sender<Ending>,
    accepting: JoinHandle<()>,
    bus: Option<JoinHandle<()>>,
    /// Ends when the last session and the listener have ended.
    alive: mpsc::Receiver<Infallible>,
}

impl Server {
    /// Listens and serves, on the runtime that it is called on.
    ///
    /// Errors: the address cannot be taken, or the system has no randomness.
    pub async fn start(config: ServerConfig) -> io::Result<Self> {
        let mut rng = StdRng::try_from_rng(&mut SysRng).map_err(io::Error::other)?;
        let listener = TcpListener::bind(config.listen).await?;
        let addr = listener.local_addr()?;
        let node: Option<NodeId> = config.bus.is_some().then(|| rng.random());
        let settings = Settings {
            capacity: config.connections,
            arrivals: config.arrivals,
            pairing: config.pairing,
            ice: config.ice,
            unix: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            node,
        };
        let hub = Arc::new(Hub::new(settings, rng));
        let bus = node.zip(config.bus).map(|(node, url)| {
            let (bus, plug) = Bus::new(node);
            hub.share(bus);
            let hub = hub.clone();
            tokio::spawn(async move {
                if let Err(error) = plug_in(url, hub, plug).await {
                    warn!(%error, "no bus: serving alone");
                }
            })
        });
        let (ending, ends) = watch::channel(Ending::Running);
        let (living, alive) = mpsc::channel(1);
        let gate = Arc::new(Gate::new(config.addresses));
        let shared = Arc::new(Shared {
            hub: hub.clone(),
            tls: config.tls,
            origins: config.origins,
            proxies: config.proxies,
            gate,
            memory: config.memory,
            ends,
            living,
        });
        let accepting = tokio::spawn(accept(listener, shared));
        info!("started");
        Ok(Self { addr, hub, ending, accepting, bus, alive })
    }

    /// Where it listens, with the port it got.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The figures of this moment.
    pub fn metrics(&self) -> Metrics {
        self.hub.metrics()
    }

    /// Ends gracefully: takes no more connections, tells each browser when to come back, closes. After three
    /// seconds what is left is dropped. Another node, or this one started anew, takes them.
    pub async fn stop(mut self) {
        self.ending.send_replace(Ending::Away);
        let _ = timeout(GRACE, self.alive.recv()).await;
        info!("stopped");
        self.kill().await;
    }

    /// Ends as a crash would: every socket is dropped where it stands. Returns when all are.
    pub async fn kill(mut self) {
        self.ending.send_replace(Ending::Killed);
        self.accepting.abort();
        let _ = self.alive.recv().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The sessions see the sender of `ending` go.
        self.accepting.abort();
        if let Some(bus) = &self.bus {
            bus.abort();
        }
    }
}

/// What requests need.
#[derive(Debug)]
struct Shared {
    hub: Arc<Hub>,
    tls: Option<Tls>,
    origins: Origins,
    proxies: Proxies,
    memory: Option<u64>,
    gate: Arc<Gate>,
    ends: watch::Receiver<Ending>,
    /// Never used to send; the server waits until each copy is gone.
    living: mpsc::Sender<Infallible>,
}

impl Shared {
    /// Errors: [`Refusal::Address`], [`Refusal::Full`], not yet counted.
    fn admit(&self, address: IpAddr) -> Result<(Pass, Seat), Refusal> {
        let pass = self.gate.enter(address, self.hub.now())?;
        Ok((pass, self.hub.connect(address)?))
    }

    fn refuse(&self, refusal: Refusal) -> Response {
        self.hub.refuse(refusal);
        match refusal {
            Refusal::Origin => StatusCode::FORBIDDEN.into_response(),
            Refusal::Address => (StatusCode::TOO_MANY_REQUESTS, RETRY).into_response(),
            _ => (StatusCode::SERVICE_UNAVAILABLE, RETRY).into_response(),
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut ends = shared.ends.clone();
    let app = Router::new()
        .route("/v1", get(meet))
        .route("/healthz", get(|| async { "ok" }))
        .route("/metrics", get(figures))
        .with_state(shared.clone());
    let mut requests = JoinSet::new();
    let mut second = interval(SECOND);
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) if requests.len() < MAX_REQUESTS => {
                    requests.spawn(request(stream, from, shared.tls.clone(), app.clone()));
                }
                Ok(_) => shared.hub.refuse(Refusal::Full),
                Err(error) => {
                    // Most likely out of file descriptors: let some go before the next attempt.
                    warn!(kind = ?error.kind(), "cannot accept");
                    sleep(BREATH).await;
                }
            },
            Some(_) = requests.join_next() => {}
            _ = second.tick() => {
                shared.gate.forget(shared.hub.now());
                if let Some((most, resident)) = shared.memory.zip(resident()) {
                    shared.hub.weigh(resident > most);
                }
            }
            () = Ending::Away.reached(&mut ends) => return,
        }
    }
}

/// Serves one TCP connection until it has become a WebSocket, or its time is over.
async fn request(stream: TcpStream, from: SocketAddr, tls: Option<Tls>, app: Router) {
    // Signals are small and wanted now; without it they are merely later.
    let _ = stream.set_nodelay(true);
    // Failing is the sender's affair, and running out of time its own fault.
    let _ = timeout(REQUEST_LIFE, async {
        match tls {
            None => serve(stream, from, app).await,
            Some(tls) => {
                if let Ok(Ok(stream)) = timeout(HEADERS_DUE, tls.accept(stream)).await {
                    serve(stream, from, app).await;
                }
            }
        }
    })
    .await;
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, from: SocketAddr, app: Router) {
    let service = TowerToHyperService::new(app.layer(Extension(from.ip())));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_DUE)
        .max_buf_size(MAX_HEADER_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // As above: what a failure is due to is not known here, and would name somebody.
    let _ = connection.await;
}

async fn meet(
    State(shared): State<Arc<Shared>>,
    Extension(connected): Extension<IpAddr>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if !shared.origins.admit(&headers) {
        return shared.refuse(Refusal::Origin);
    }
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let address = shared.proxies.client(connected, &headers);
    let (pass, seat) = match shared.admit(address) {
        Ok(admitted) => admitted,
        Err(refusal) => return shared.refuse(refusal),
    };
    let (ends, living) = (shared.ends.clone(), shared.living.clone());
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(move |socket| {
            let lifetime = seat.hub().lifetime();
            session::run(seat, socket, ends, lifetime, (pass, living))
        })
}

async fn figures(State(shared): State<Arc<Shared>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, shared.hub.metrics().text()).into_response()
}

/// Buffer of a socket. The library's own cost 137 kB for an idle connection, and 4 KiB cost 6.5 kB (facts W79, W80);
/// a burst of candidates fits into half of that, and larger messages get what they need while they come.
const READ_BUFFER: usize = 2048;
/// Messages are collected up to here and written together; the session flushes what it has. Nothing is reserved.
const WRITE_BUFFER: usize = 16 * 1024;
const MAX_WRITE_BUFFER: usize = 64 * 1024;
/// Header fields of a request, and bytes of them (SECURITY.md §5.1).
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 8 * 1024;
/// How long the header of a request may take (SECURITY.md §5.1).
const HEADERS_DUE: Duration = Duration::from_secs(5);
/// How long a connection may go on with requests that are no WebSocket.
const REQUEST_LIFE: Duration = Duration::from_secs(30);
/// Connections that are not yet, or will never be, a WebSocket: 20 kB each at the most.
const MAX_REQUESTS: usize = 4096;
/// How long browsers may take to leave when the server stops.
const GRACE: Duration = Duration::from_secs(3);
/// How often memory is looked at, and addresses forgotten.
const SECOND: Duration = Duration::from_secs(1);
/// Pause after the system refused to accept.
const BREATH: Duration = Duration::from_millis(50);
/// What a refused browser is told, in seconds.
const RETRY: [(header::HeaderName, &str); 1] = [(header::RETRY_AFTER, "30")];
