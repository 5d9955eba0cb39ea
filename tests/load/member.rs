//! A browser as far as the introduction server can tell: the real engine behind a real socket.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

use slipstream_core::Engine;
use slipstream_core::fact::Fact;
use slipstream_core::port::{Input, Output};
use slipstream_core::settings::{Settings, Sharing};
use slipstream_core::shelf::Snapshot;
use slipstream_core::stats::ServerState;
use slipstream_core::time::Now;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Duration, Instant, sleep_until};

use crate::socket::{BINARY, Socket, frame};

/// What a member tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// It calls the server.
    Calls,
    /// It was welcomed.
    Connected,
    /// It has no connection any more.
    Lost,
}

/// What the engine wants of its socket.
enum Deed {
    Call,
    HangUp,
    Send(Vec<u8>),
}

/// One of many, alone in its group: it meets nobody.
pub(crate) struct Member {
    number: usize,
    engine: Engine,
    server: SocketAddr,
    socket: Option<Socket>,
    began: Instant,
    connected: bool,
    news: UnboundedSender<(usize, Instant, News)>,
}

impl Member {
    pub(crate) fn new(
        number: usize,
        server: SocketAddr,
        news: UnboundedSender<(usize, Instant, News)>,
    ) -> Self {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&(number as u64).to_le_bytes());
        let began = Instant::now();
        let engine = Engine::new(seed, Snapshot::default(), now(began));
        Self { number, engine, server, socket: None, began, connected: false, news }
    }

    /// Lives until the task is ended, or nobody wants its news.
    pub(crate) async fn live(mut self) {
        let mut settings = Settings { sharing: Sharing::Group, ..Settings::default() };
        settings.signal.url = format!("ws://{}/v1", self.server);
        settings.group.secret = secret(self.number);
        self.handle(Input::Fact(Fact::Settings { settings: Box::new(settings) }));
        while self.obey().await.is_some() {
            let wake = self.engine.next_wake();
            let due = self.began + Duration::from_millis(wake.unwrap_or(u64::MAX >> 16));
            let heard = async {
                match &mut self.socket {
                    Some(socket) => socket.next().await.map(<[u8]>::to_vec),
                    None => std::future::pending().await,
                }
            };
            let input = tokio::select! {
                heard = heard => match heard {
                    Ok(message) => Input::SocketMessage(message),
                    Err(_) => {
                        self.socket = None;
                        Input::SocketClosed
                    }
                },
                () = sleep_until(due) => Input::Wake,
            };
            self.handle(input);
        }
    }

    fn handle(&mut self, input: Input) {
        self.engine.handle(input, now(self.began));
    }

    /// Does what the engine wants; nothing when nobody listens any more.
    async fn obey(&mut self) -> Option<()> {
        while let Some(deed) = self.next_deed() {
            match deed {
                Deed::Call => {
                    self.tell(News::Calls)?;
                    let opened = Socket::open(Some(home(self.number)), self.server, "/v1").await;
                    self.socket = opened.ok();
                    let input = if self.socket.is_some() { Input::SocketOpen } else { Input::SocketClosed };
                    self.handle(input);
                }
                Deed::Send(message) => {
                    let mut bytes = Vec::new();
                    frame(BINARY, &message, &mut bytes);
                    if let Some(socket) = &mut self.socket {
                        // The reader sees a socket that has ended.
                        let _ = socket.send(&bytes).await;
                    }
                }
                Deed::HangUp => self.socket = None,
            }
        }
        let connected = self.engine.stats(None).server == ServerState::Connected;
        if connected != self.connected {
            self.connected = connected;
            self.tell(if connected { News::Connected } else { News::Lost })?;
        }
        Some(())
    }

    /// The next thing to be done at the socket. There are no pages, no shelf and nobody to meet.
    fn next_deed(&mut self) -> Option<Deed> {
        std::iter::from_fn(|| self.engine.poll()).find_map(|output| match output {
            Output::SocketOpen { .. } => Some(Deed::Call),
            Output::SocketSend(message) => Some(Deed::Send(message)),
            Output::SocketClose => Some(Deed::HangUp),
            _ => None,
        })
    }

    fn tell(&self, news: News) -> Option<()> {
        self.news.send((self.number, Instant::now(), news)).ok()
    }
}

/// Each lives at an address of its own.
fn home(number: usize) -> Ipv4Addr {
    let octet = |number: usize| u8::try_from(1 + number % 250).unwrap_or(1);
    Ipv4Addr::new(127, 2, octet(number / 250), octet(number))
}

/// 32 bytes in base64url: the number, in digits of it.
fn secret(number: usize) -> String {
    let digit = |place: u32| char::from(b'A' + u8::try_from(number / 26_usize.pow(place) % 26).unwrap_or(0));
    (0..5).map(digit).chain(std::iter::repeat_n('A', 38)).collect()
}

fn now(began: Instant) -> Now {
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Now { ms, unix: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) }
}
