//! Clients that mean ill. Each kind does one thing, from a few addresses, as fast as it is let.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use slipstream_wire::VERSION;
use slipstream_wire::server::{MAX_PAYLOAD, ToServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::Fault;
use crate::dialect::{Dialect, Signal, ours, topic};
use crate::socket::{BINARY, Socket, connect, frame};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attack {
    /// One connection after the other, nothing said.
    Connections,
    /// Messages without end.
    Flood,
    /// Nothing, or half a request, or no greeting.
    HalfOpen,
    /// Frames that say they have 64 MB.
    HugeFrames,
    /// Arrays in arrays, ten thousand deep.
    Nesting,
    /// Text that is no UTF-8.
    NoText,
    /// Signals for somebody who reads nothing.
    SlowReaders,
    /// Ten thousand topics.
    Topics,
}

impl Attack {
    pub(crate) const ALL: [Self; 8] = [
        Self::Connections,
        Self::Flood,
        Self::HalfOpen,
        Self::HugeFrames,
        Self::Nesting,
        Self::NoText,
        Self::SlowReaders,
        Self::Topics,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Flood => "messages",
            Self::HalfOpen => "half-open connections",
            Self::HugeFrames => "frames of 64 MB",
            Self::Nesting => "deep nesting",
            Self::NoText => "bad UTF-8",
            Self::SlowReaders => "slow readers",
            Self::Topics => "10,000 topics",
        }
    }

    /// How many do it at once.
    const fn hands(self) -> usize {
        match self {
            Self::HalfOpen => 1_000,
            Self::SlowReaders => 64,
            _ => 32,
        }
    }

    /// Does it once, until the server has had enough.
    async fn strike(self, from: Ipv4Addr, server: SocketAddr, number: u64) -> io::Result<()> {
        match self {
            Self::Connections => connect(Some(from), server, None).await.map(drop),
            Self::Flood => {
                let leave = ours(&ToServer::Leave { topic: topic(number) });
                pour(&mut greeted(from, server).await?, &leave.repeat(64)).await
            }
            Self::HalfOpen => half_open(from, server, number).await,
            Self::HugeFrames => {
                let mut stream = greeted(from, server).await?;
                let mut head = vec![0x82, 0xff];
                head.extend_from_slice(&(64u64 << 20).to_be_bytes());
                stream.write_all(&head).await?;
                pour(&mut stream, &[0; 16 * 1024]).await
            }
            Self::Nesting => {
                let mut nested = Vec::new();
                frame(BINARY, &[[0x91; 10_000].as_slice(), &[0xc0]].concat(), &mut nested);
                pour(&mut greeted(from, server).await?, &nested).await
            }
            Self::NoText => {
                let text = [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe];
                pour(&mut greeted(from, server).await?, &text.repeat(64)).await
            }
            Self::SlowReaders => slow_reader(from, server, number).await,
            Self::Topics => {
                let mut stream = greeted(from, server).await?;
                for at in 0..10_000 {
                    let join = ours(&ToServer::Join { topic: topic(number * 10_000 + at) });
                    stream.write_all(&join).await?;
                }
                Ok(())
            }
        }
    }
}

/// Attackers, at rest or at work; gone when dropped.
#[derive(Debug)]
pub(crate) struct Siege {
    attempts: Arc<AtomicU64>,
    at_work: watch::Sender<bool>,
}

impl Siege {
    /// Gathers them. They have the generator's core while nobody else needs it, or they would disturb the clocks of
    /// those who are measured.
    pub(crate) fn gather(attack: Attack, server: SocketAddr) -> Result<Self, Fault> {
        let attempts = Arc::new(AtomicU64::new(0));
        let (at_work, orders) = watch::channel(false);
        let counted = attempts.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::spawn(move || {
            // On Linux of this thread alone. Refused, it only blurs the figures.
            let _ = rustix::process::nice(LEAST);
            runtime.block_on(async {
                let mut hands = JoinSet::new();
                for hand in 0..attack.hands() {
                    hands.spawn(strike_on(attack, hand, server, orders.clone(), counted.clone()));
                }
                while hands.join_next().await.is_some() {}
            });
        });
        Ok(Self { attempts, at_work })
    }

    /// Sends them to work, or calls them back: then they drop what they hold.
    pub(crate) fn order(&self, at_work: bool) {
        self.at_work.send_replace(at_work);
    }

    /// How often it was done so far.
    pub(crate) fn attempts(&self) -> u64 {
        self.attempts.load(Relaxed)
    }
}

/// One of them, until nobody gives orders any more.
async fn strike_on(
    attack: Attack,
    hand: usize,
    server: SocketAddr,
    mut orders: watch::Receiver<bool>,
    attempts: Arc<AtomicU64>,
) {
    let from = Ipv4Addr::new(127, 200, 0, u8::try_from(1 + hand % ADDRESSES).unwrap_or(1));
    while ordered(&mut orders, true).await {
        let number = attempts.fetch_add(1, Relaxed);
        tokio::select! {
            biased;
            _ = ordered(&mut orders, false) => {}
            struck = attack.strike(from, server, number) => {
                // Its address has had its share: what comes at once after it is another attack.
                if struck.is_err() && attack != Attack::Connections {
                    sleep(BREATH).await;
                }
            }
        }
    }
}

/// Waits for an order; whether there is still somebody to give one.
async fn ordered(orders: &mut watch::Receiver<bool>, wanted: bool) -> bool {
    orders.wait_for(|at_work| *at_work == wanted).await.is_ok()
}

/// A connection past the greeting.
async fn greeted(from: Ipv4Addr, server: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = Socket::open(Some(from), server, "/v1").await?.into_stream();
    stream.write_all(&ours(&ToServer::Hello { version: VERSION })).await?;
    Ok(stream)
}

/// Writes the same again and again until the server closes.
async fn pour(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    loop {
        stream.write_all(bytes).await?;
    }
}

async fn half_open(from: Ipv4Addr, server: SocketAddr, number: u64) -> io::Result<()> {
    let mut stream = if number.is_multiple_of(3) {
        Socket::open(Some(from), server, "/v1").await?.into_stream()
    } else {
        connect(Some(from), server, None).await?
    };
    if number % 3 == 1 {
        stream.write_all(b"GET /v1 HTTP/1.1\r\nhost: x\r\n").await?;
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.map(drop)
}

async fn slow_reader(from: Ipv4Addr, server: SocketAddr, number: u64) -> io::Result<()> {
    let dialect = Dialect::Slipstream;
    let stream = connect(Some(from), server, Some(4096)).await?;
    let socket = Socket::upgrade(stream, server, "/v1").await?;
    let mut reader = dialect.introduce(socket, server, 0).await?;
    dialect.settle(&mut reader, number).await?;
    let socket = Socket::open(Some(from), server, "/v1").await?;
    let mut writer = dialect.introduce(socket, server, 0).await?;
    dialect.settle(&mut writer, number).await?;
    let (body, mut signal) = ("s".repeat(MAX_PAYLOAD), Vec::new());
    dialect.signal((&writer, &reader), number, Signal::Candidate, &body, &mut signal);
    // Until it hears that the reader is gone: dropped, as it should be.
    while timeout(PACE, writer.next()).await.is_err() {
        writer.send(&signal).await?;
    }
    Ok(())
}

/// Addresses that an attack comes from: each has its own share of what the server gives.
const ADDRESSES: usize = 8;
/// Twenty signals a second is what one connection may send.
const PACE: Duration = Duration::from_millis(50);
const BREATH: Duration = Duration::from_millis(50);
/// So many steps below the generator: it comes first, and they keep a share on a machine that does something else too.
const LEAST: i32 = 10;
