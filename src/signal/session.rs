//! One connection, from its first message to its close code.
//!
//! Generic over the two halves of the socket, so tests drive it over channels. It decides nothing about who meets
//! whom; it keeps time, holds the browser to the form, and never answers what it does not understand.
//!
//! ```text
//!            hello in 5 s                  refusal with a code, 60 s of silence,
//!   opened ───────────────▶ greeted ─────▶ overflow, lifetime, server going away ─────▶ closing ─────▶ gone
//!      └──────────────── anything else, or nothing ───────────────────────────────────────▲
//! ```

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use slipstream_wire::codec::{Limits, decode, encode};
use slipstream_wire::server::{CloseCode, FromServer, ToServer};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite;
use tracing::debug;

use crate::bucket::{Bucket, Rate};
use crate::hub::Seat;
use crate::refusal::Refusal;

/// How long a browser may take to greet (SECURITY.md §5.1).
pub(crate) const GREETING: Duration = Duration::from_secs(5);
/// How often the browser is pinged (SECURITY.md §5.1).
pub(crate) const PING: Duration = Duration::from_secs(30);
/// After how much silence the connection is closed (SECURITY.md §5.1).
pub(crate) const SILENCE: Duration = Duration::from_secs(60);
/// How long a close frame, and the answer to it, are waited for.
const FAREWELL: Duration = Duration::from_secs(1);
/// Pings and pongs that a browser may send: they pass beside the router, so they have a rate of their own.
const CONTROL: Rate = Rate { per_second: 2, burst: 20 };
/// When to come back after the server went away, in seconds. Browsers add jitter.
const RETRY_AFTER: u16 = 5;

/// What the server is about to do, the harder the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// Nothing: it runs.
    Running,
    /// Say so and close.
    Away,
    /// Drop everything where it stands.
    Killed,
}

impl Ending {
    /// Returns once the server is to end at least so hard. A sender that is gone counts as [`Ending::Killed`].
    pub(crate) async fn reached(self, ends: &mut watch::Receiver<Self>) {
        let _ = ends.wait_for(|ending| *ending >= self).await;
    }
}

/// Serves one connection until it ends. `lifetime` is how long it may last at most; `held` is dropped at the end.
///
/// Not an `async fn`: an idle connection is mostly this future, and what is moved into a future is held twice.
pub(crate) fn run<R, W>(
    seat: Seat,
    (writer, reader): (W, R),
    mut ending: watch::Receiver<Ending>,
    lifetime: Duration,
    held: impl Send,
) -> impl Future<Output = ()>
where
    R: Stream<Item = Result<Message, axum::Error>> + Unpin,
    W: Sink<Message> + Unpin,
{
    let mut killed = ending.clone();
    let mut session = Session::new(seat, reader, writer, lifetime);
    async move {
        tokio::select! {
            // First, or a killed server might still say farewell.
            biased;
            () = Ending::Killed.reached(&mut killed) => {}
            () = session.last(&mut ending) => {}
        }
        drop(session);
        drop(held);
    }
}

struct Session<R, W> {
    seat: Seat,
    reader: R,
    writer: W,
    greeted: bool,
    control: Bucket,
    heard: Instant,
    pinged: Instant,
    greeting_due: Instant,
    over: Instant,
}

/// Why a session ends.
#[derive(Debug)]
enum End {
    /// The socket is no more.
    Gone,
    /// The browser went against a rule.
    Refused(Refusal),
    /// The server goes, or the connection is old.
    Away,
}

impl<R, W> Session<R, W>
where
    R: Stream<Item = Result<Message, axum::Error>> + Unpin,
    W: Sink<Message> + Unpin,
{
    fn new(seat: Seat, reader: R, writer: W, lifetime: Duration) -> Self {
        let now = Instant::now();
        let control = Bucket::full(CONTROL, seat.hub().now());
        let (greeting_due, over) = (now + GREETING, now + lifetime);
        Self { seat, reader, writer, greeted: false, control, heard: now, pinged: now, greeting_due, over }
    }

    /// Serves until there is a reason to end, and says it.
    async fn last(&mut self, ending: &mut watch::Receiver<Ending>) {
        let end = loop {
            if let Err(end) = self.step(ending).await {
                break end;
            }
        };
        // Gone for the others before the farewell, which may take its time.
        self.seat.leave();
        let code = match end {
            End::Gone => None,
            End::Away => Some(CloseCode::Away as u16),
            End::Refused(refusal) => {
                self.seat.hub().refuse(refusal);
                debug!(reason = refusal.name(), "connection refused");
                refusal.close_code()
            }
        };
        if let Some(code) = code {
            // A farewell that nobody takes is no loss.
            let _ = timeout(FAREWELL, self.say_farewell(code)).await;
        }
    }

    async fn say_farewell(&mut self, code: u16) {
        if code == CloseCode::Away as u16 {
            let away = encode(&FromServer::Away { retry_after: RETRY_AFTER });
            let _ = self.writer.send(Message::Binary(away.into())).await;
        }
        let frame = CloseFrame { code, reason: "".into() };
        if self.writer.send(Message::Close(Some(frame))).await.is_ok() {
            // A socket dropped with unread bytes is reset, and the code would be lost on its way.
            while let Some(Ok(_)) = self.reader.next().await {}
        }
    }

    /// Waits for one thing to happen and answers it.
    async fn step(&mut self, ending: &mut watch::Receiver<Ending>) -> Result<(), End> {
        let due = self.due();
        tokio::select! {
            received = self.reader.next() => match received {
                Some(Ok(message)) => self.receive(message).map_err(End::Refused),
                Some(Err(error)) => Err(blame(error)),
                None => Err(End::Gone),
            },
            waiting = self.seat.outbox().next() => match waiting {
                Some(message) => self.send(Message::Binary(message)).await,
                None => Err(End::Refused(Refusal::Slow)),
            },
            () = Ending::Away.reached(ending) => Err(End::Away),
            () = sleep_until(due) => self.look_at_the_clock().await,
        }
    }

    fn receive(&mut self, message: Message) -> Result<(), Refusal> {
        self.heard = Instant::now();
        match message {
            Message::Binary(bytes) => {
                let message: ToServer = decode(&bytes, &Limits::SERVER).map_err(|_| Refusal::Malformed)?;
                match self.seat.receive(message) {
                    Ok(()) => self.greeted = true,
                    Err(refusal) if refusal.close_code().is_some() => return Err(refusal),
                    Err(refusal) => self.seat.hub().refuse(refusal),
                }
                Ok(())
            }
            Message::Ping(_) | Message::Pong(_) => {
                let now = self.seat.hub().now();
                if self.control.take(CONTROL, now) { Ok(()) } else { Err(Refusal::Flood) }
            }
            // The stream ends behind it.
            Message::Close(_) => Ok(()),
            Message::Text(_) => Err(Refusal::Malformed),
        }
    }

    /// Writes, unless the browser takes too long: until its outbox overflows, or for [`SILENCE`].
    async fn send(&mut self, message: Message) -> Result<(), End> {
        tokio::select! {
            sent = self.writer.send(message) => sent.map_err(|_| End::Gone),
            () = self.seat.outbox().overflown() => Err(End::Refused(Refusal::Slow)),
            () = sleep(SILENCE) => Err(End::Refused(Refusal::Slow)),
        }
    }

    /// When the clock has to be looked at next.
    fn due(&self) -> Instant {
        let due = (self.heard + SILENCE).min(self.pinged + PING).min(self.over);
        if self.greeted { due } else { due.min(self.greeting_due) }
    }

    async fn look_at_the_clock(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if now >= self.heard + SILENCE || (!self.greeted && now >= self.greeting_due) {
            return Err(End::Refused(Refusal::Silent));
        }
        if now >= self.over {
            return Err(End::Away);
        }
        if now >= self.pinged + PING {
            self.pinged = now;
            self.send(Message::Ping("".into())).await?;
        }
        Ok(())
    }
}

/// What a failure to read means: most often only that the socket is gone.
fn blame(error: axum::Error) -> End {
    match error.into_inner().downcast_ref() {
        Some(tungstenite::Error::Capacity(_)) => End::Refused(Refusal::Oversized),
        Some(tungstenite::Error::Protocol(
            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        )) => End::Gone,
        Some(tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_)) => {
            End::Refused(Refusal::Malformed)
        }
        _ => End::Gone,
    }
}

#[cfg(test)]
mod tests;
