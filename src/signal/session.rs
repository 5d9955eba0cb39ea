//! One connection, from its first message to its close code.
//!
//! Generic over the socket, so tests drive it over channels. It decides nothing: [`Conduct`] holds
//! the browser to form and clock, the router decides who meets whom, and this carries bytes between them. What waits
//! for the browser is written in one go: a burst of candidates costs one system call.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use slipstream_wire::codec::encode;
use slipstream_wire::server::{CloseCode, FromServer};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite;
use tracing::debug;

use crate::conduct::{Conduct, Due, Frame, Heard, SILENCE};
use crate::hub::Seat;
use crate::refusal::Refusal;

/// How long a close frame, and the answer to it, are waited for.
const FAREWELL: Duration = Duration::from_secs(1);

/// Bytes that may have been on their way when a close frame was written: what a socket takes at once. Measured with
/// 32 floods at a time, reading all of them for [`FAREWELL`] delayed the others' signals thirtyfold.
const UNREAD: usize = 64 * 1024;
/// What reading a frame costs beside its bytes, as bytes.
const FRAME: usize = 256;

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
pub(crate) fn run<S>(
    seat: Seat,
    socket: S,
    ending: watch::Receiver<Ending>,
    lifetime: Duration,
    held: impl Send,
) -> impl Future<Output = ()>
where
    S: Stream<Item = Result<Message, axum::Error>> + Sink<Message> + Unpin,
{
    let lifetime = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
    let conduct = Conduct::new(seat.hub().now(), lifetime);
    let mut session = Session { seat, socket, conduct, ending };
    async move {
        session.last().await;
        drop(session);
        drop(held);
    }
}

struct Session<S> {
    seat: Seat,
    /// Not split: it is read or written, never both at once.
    socket: S,
    conduct: Conduct,
    ending: watch::Receiver<Ending>,
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

impl<S> Session<S>
where
    S: Stream<Item = Result<Message, axum::Error>> + Sink<Message> + Unpin,
{
    /// Serves until there is a reason to end, and says it.
    async fn last(&mut self) {
        let end = self.serve().await;
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
        let Some(code) = code else { return };
        let mut ending = self.ending.clone();
        tokio::select! {
            // First, or a killed server might still say farewell.
            biased;
            () = Ending::Killed.reached(&mut ending) => {}
            // A farewell that nobody takes is no loss.
            _ = timeout(FAREWELL, self.say_farewell(code)) => {}
        }
    }

    async fn say_farewell(&mut self, code: u16) {
        if code == CloseCode::Away as u16 {
            let away = encode(&FromServer::Away { retry_after: self.seat.hub().retry_after() });
            let _ = self.socket.send(Message::Binary(away.into())).await;
        }
        let frame = CloseFrame { code, reason: "".into() };
        if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
            // A socket dropped with unread bytes is reset, and the code would be lost on its way. But who just goes on
            // sending is not read for that.
            let mut left = UNREAD;
            while let Some(Ok(message)) = self.socket.next().await {
                left = left.saturating_sub(FRAME + message.into_data().len());
                if left == 0 {
                    return;
                }
            }
        }
    }

    /// Answers what happens, one thing after the other.
    async fn serve(&mut self) -> End {
        let mut ending = self.ending.clone();
        let mut away = pin!(Ending::Away.reached(&mut ending));
        let mut clock = pin!(sleep_until(self.wake()));
        loop {
            let step = tokio::select! {
                // Reading comes first, so that a burst is read whole before its answers are written. The runtime makes
                // a reader that never waits yield, and its rate ends it.
                biased;
                received = self.socket.next() => match received {
                    Some(Ok(message)) => self.receive(&message).map_err(End::Refused),
                    Some(Err(error)) => Err(blame(error)),
                    None => Err(End::Gone),
                },
                waiting = poll_fn(|context| self.seat.outbox().poll_take(context)) => match waiting {
                    Ok(messages) => self.write(messages.into_iter().map(Message::Binary)).await,
                    Err(_) => Err(End::Refused(Refusal::Slow)),
                },
                () = &mut away => Err(End::Away),
                () = &mut clock => match self.conduct.look(self.seat.hub().now()) {
                    Ok(Due::Nothing) => Ok(()),
                    Ok(Due::Over) => Err(End::Away),
                    Ok(Due::Ping) => self.write([Message::Ping("".into())]).await,
                    Err(refusal) => Err(End::Refused(refusal)),
                },
            };
            if let Err(end) = step {
                return end;
            }
            // What is heard puts the next deadline off; the clock may ring too early, and never too late.
            let wake = self.wake();
            if clock.is_elapsed() || wake < clock.deadline() {
                clock.as_mut().reset(wake);
            }
        }
    }

    fn receive(&mut self, message: &Message) -> Result<(), Refusal> {
        let frame = match message {
            Message::Binary(bytes) => Frame::Binary(bytes),
            Message::Close(_) => Frame::Close,
            Message::Ping(_) => Frame::Ping,
            Message::Pong(_) => Frame::Pong,
            Message::Text(_) => Frame::Text,
        };
        match self.conduct.hear(frame, self.seat.hub().now())? {
            Heard::Message(message) => match self.seat.receive(message) {
                Ok(()) => self.conduct.accepted(),
                Err(refusal) if refusal.close_code().is_some() => return Err(refusal),
                Err(refusal) => self.seat.hub().refuse(refusal),
            },
            Heard::RoundTrip(ms) => self.seat.measured(ms),
            Heard::Nothing => {}
        }
        Ok(())
    }

    /// Writes all and flushes once, unless the browser takes too long: until its outbox overflows, or for [`SILENCE`].
    async fn write(&mut self, messages: impl IntoIterator<Item = Message>) -> Result<(), End> {
        let Self { socket, seat, ending, .. } = self;
        let writing = async {
            for message in messages {
                socket.feed(message).await?;
            }
            socket.flush().await
        };
        tokio::select! {
            biased;
            written = writing => written.map_err(|_: S::Error| End::Gone),
            _ = poll_fn(|context| seat.outbox().poll_overflown(context)) => Err(End::Refused(Refusal::Slow)),
            () = Ending::Killed.reached(ending) => Err(End::Gone),
            () = sleep(Duration::from_millis(SILENCE)) => Err(End::Refused(Refusal::Slow)),
        }
    }

    /// When the clock has to be looked at next.
    fn wake(&self) -> Instant {
        self.seat.hub().instant(self.conduct.due())
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
