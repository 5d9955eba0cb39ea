//! Which network sockets a browser has, as the system counts them: nothing that the browser says of itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

/// One socket of the IP family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Socket {
    /// TCP or UDP.
    pub transport: Transport,
    /// This end.
    pub local: SocketAddr,
    /// The other end; port 0 where there is none.
    pub remote: SocketAddr,
}

/// What a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Transport {
    Tcp,
    Udp,
}

/// Looks at the sockets of a process group again and again, until it is asked what it has seen.
pub struct SocketWatch {
    stop: mpsc::Sender<()>,
    watcher: JoinHandle<BTreeSet<Socket>>,
}

impl SocketWatch {
    /// Begins to watch all processes of this group, those that start later included.
    #[must_use]
    pub fn on(process_group: u32) -> Self {
        let (stop, stopped) = mpsc::channel();
        let watcher = thread::spawn(move || {
            let mut seen = BTreeSet::new();
            loop {
                seen.extend(sockets_of(process_group));
                if stopped.recv_timeout(EVERY) != Err(mpsc::RecvTimeoutError::Timeout) {
                    // Once more: what is open now shall be among it, however busy the machine was.
                    seen.extend(sockets_of(process_group));
                    return seen;
                }
            }
        });
        Self { stop, watcher }
    }

    /// Every socket that was seen.
    ///
    /// # Panics
    /// When the watcher did.
    #[must_use]
    pub fn seen(self) -> BTreeSet<Socket> {
        drop(self.stop);
        self.watcher.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault))
    }
}

/// The sockets of a process group now.
#[must_use]
pub fn sockets_of(process_group: u32) -> BTreeSet<Socket> {
    // A socket's number first, then the tables: what was closed in between is of no interest.
    let owned: BTreeSet<_> = processes_of(process_group).iter().flat_map(|pid| inodes_of(pid)).collect();
    let table = tables();
    owned.iter().filter_map(|inode| table.get(inode)).copied().collect()
}

fn processes_of(group: u32) -> Vec<String> {
    let group = group.to_string();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let member = |pid: &String| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // `pid (name) state parent group …`; the name may hold spaces and brackets.
        let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        rest.split(' ').nth(2) == Some(group.as_str())
    };
    pids.filter(member).collect()
}

fn inodes_of(pid: &str) -> Vec<u64> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let inode = |path: &Path| {
        let target = fs::read_link(path).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    descriptors.filter_map(|descriptor| inode(&descriptor.path())).collect()
}

fn tables() -> BTreeMap<u64, Socket> {
    let files = [
        ("/proc/net/tcp", Transport::Tcp),
        ("/proc/net/tcp6", Transport::Tcp),
        ("/proc/net/udp", Transport::Udp),
        ("/proc/net/udp6", Transport::Udp),
    ];
    let mut table = BTreeMap::new();
    for (file, transport) in files {
        let text = fs::read_to_string(file).unwrap_or_default();
        table.extend(text.lines().filter_map(|line| row(line, transport)));
    }
    table
}

/// `sl local remote state queues timer retransmits uid timeout inode …`; the heading is no row.
fn row(line: &str, transport: Transport) -> Option<(u64, Socket)> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let socket = Socket { transport, local: address(fields.get(1)?)?, remote: address(fields.get(2)?)? };
    Some((fields.get(9)?.parse().ok()?, socket))
}

/// `0100007F:1F90`: words of the address as the processor has them, a colon, the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let mut bytes = Vec::new();
    for at in (0..ip.len()).step_by(8) {
        bytes.extend(u32::from_str_radix(ip.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    }
    let ip = match bytes.len() {
        4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// A socket that lives shorter than this may be missed; nothing that is connected does.
const EVERY: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn addresses_of_both_families_are_read() {
        let v4 = address("0100007F:1F90").map(|address| address.to_string());
        assert_eq!(v4.as_deref(), Some("127.0.0.1:8080"));
        let mapped = address("0000000000000000FFFF00000100007F:0035").map(|address| address.to_string());
        assert_eq!(mapped.as_deref(), Some("127.0.0.1:53"));
        assert_eq!(address("local_address"), None);
    }

    #[test]
    fn an_open_connection_is_seen_with_both_its_ends() {
        let stat = fs::read_to_string("/proc/self/stat").expect("a system with /proc");
        let group = stat.rsplit_once(") ").expect("a name").1.split(' ').nth(2).expect("a group");
        let group = group.parse().expect("a number");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let watch = SocketWatch::on(group);
        let stream = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
        let local = stream.local_addr().expect("connected");
        let remote = stream.peer_addr().expect("connected");
        assert!(watch.seen().contains(&Socket { transport: Transport::Tcp, local, remote }));
    }
}
