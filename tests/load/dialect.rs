//! How each server wants to be spoken to. The work is the same: meet in a topic, exchange signals, leave.
//!
//! Each does it in the way that is cheapest for it. In bittorrent-tracker the offer rides on the announcement, and
//! candidates go as further answers, the only message that it carries to a peer of choice. In matchbox a room is joined
//! by connecting to it and left by closing; beside that, it is measured with pairs that stay in their rooms.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use serde_json::{Value, json};
use slipstream_wire::VERSION;
use slipstream_wire::codec::{Limits, decode, encode};
use slipstream_wire::id::{PeerId, Topic};
use slipstream_wire::server::{FromServer, ToServer};

use crate::socket::{BINARY, Socket, TEXT, frame};

/// Bytes of an offer or answer: a session description with one data channel.
pub(crate) const DESCRIPTION: usize = 560;
/// Bytes of a candidate: its line, and what belongs to it.
pub(crate) const CANDIDATE: usize = 140;

/// A server's vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// A connection for each room.
    Matchbox,
    /// One room for ever: less work than the others do.
    MatchboxStaying,
    Slipstream,
    Tracker,
}

/// One of a pair.
#[derive(Debug)]
pub(crate) struct End {
    socket: Socket,
    name: Name,
    server: SocketAddr,
}

/// What a server calls it.
#[derive(Clone, Debug)]
enum Name {
    Ours(PeerId),
    Text(String),
}

/// What is said to the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Answer,
    Candidate,
    Offer,
}

impl Dialect {
    /// Opens the socket of one of a pair, and says what precedes everything.
    pub(crate) async fn open(self, server: SocketAddr, number: usize) -> io::Result<End> {
        let path = match self {
            Self::Matchbox | Self::MatchboxStaying => format!("/pair{}", number / 2),
            Self::Slipstream => "/v1".to_owned(),
            Self::Tracker => "/".to_owned(),
        };
        self.greet(server, &path, number).await
    }

    /// Where one of a pair lives: each pair at an address of its own, by which our server counts.
    fn home(self, number: usize) -> Option<Ipv4Addr> {
        let octet = |number: usize| u8::try_from(1 + number % 250).unwrap_or(1);
        let pair = number / 2;
        (self == Self::Slipstream).then(|| Ipv4Addr::new(127, 1, octet(pair / 250), octet(pair)))
    }

    async fn greet(self, server: SocketAddr, path: &str, number: usize) -> io::Result<End> {
        let socket = Socket::open(self.home(number), server, path).await?;
        self.introduce(socket, server, number).await
    }

    /// Says what precedes everything.
    pub(crate) async fn introduce(
        self,
        mut socket: Socket,
        server: SocketAddr,
        number: usize,
    ) -> io::Result<End> {
        let name = match self {
            Self::Slipstream => {
                socket.send(&ours(&ToServer::Hello { version: VERSION })).await?;
                match decode(socket.next().await?, &Limits::SERVER) {
                    Ok(FromServer::Welcome { you, .. }) => Name::Ours(you),
                    _ => return Err(unexpected("no welcome")),
                }
            }
            Self::Matchbox | Self::MatchboxStaying => {
                let event: Value = serde_json::from_slice(socket.next().await?)?;
                let name = event["IdAssigned"].as_str().ok_or_else(|| unexpected("no name"))?;
                Name::Text(name.to_owned())
            }
            Self::Tracker => Name::Text(format!("-SL0001-{number:012}")),
        };
        Ok(End { socket, name, server })
    }

    /// Both join a topic, the second one hears of the first, or knows already. Where the offer rides on that, it is sent.
    pub(crate) async fn meet(self, one: &mut End, two: &mut End, round: u64, offer: &str) -> io::Result<()> {
        match self {
            Self::Slipstream => {
                let join = ours(&ToServer::Join { topic: topic(round) });
                one.socket.send(&join).await?;
                expect(one, |message| matches!(message, FromServer::Peers { .. })).await?;
                two.socket.send(&join).await?;
                expect(two, |message| matches!(message, FromServer::Peers { peers, .. } if !peers.is_empty()))
                    .await
            }
            Self::Tracker => {
                one.socket.send(&text(&one.announce(round, json!({ "event": "started" })))).await?;
                one.socket.next().await?;
                let offers = json!({
                    "event": "started", "numwant": 1,
                    "offers": [{ "offer": { "type": "offer", "sdp": offer }, "offer_id": "01234567890123456789" }],
                });
                two.socket.send(&text(&two.announce(round, offers))).await?;
                two.socket.next().await.map(drop)
            }
            Self::Matchbox => {
                let room = format!("/room{round}");
                *one = self.greet(one.server, &room, 0).await?;
                *two = self.greet(two.server, &room, 1).await?;
                Ok(())
            }
            Self::MatchboxStaying => Ok(()),
        }
    }

    /// Adds a signal to what is about to be sent.
    pub(crate) fn signal(
        self,
        (from, to): (&End, &End),
        round: u64,
        what: Signal,
        body: &str,
        out: &mut Vec<u8>,
    ) {
        match (self, &to.name) {
            (Self::Slipstream, Name::Ours(to)) => {
                let payload = body.as_bytes().to_vec();
                let message = ToServer::Signal { topic: topic(round), to: *to, payload };
                frame(BINARY, &encode(&message), out);
            }
            // It went with the announcement.
            (Self::Tracker, _) if what == Signal::Offer => {}
            (Self::Tracker, Name::Text(to)) => {
                let answer = json!({
                    "to_peer_id": to, "offer_id": "01234567890123456789",
                    "answer": { "type": "answer", "sdp": body },
                });
                out.extend_from_slice(&text(&from.announce(round, answer)));
            }
            (_, Name::Text(to)) => {
                out.extend_from_slice(&text(&json!({ "Signal": { "receiver": to, "data": body } })));
            }
            (_, Name::Ours(_)) => {}
        }
    }

    /// Whether a message is a signal from the other one, and not a word of the server's own.
    pub(crate) fn is_signal(self, message: &[u8]) -> bool {
        match self {
            Self::Slipstream => message.starts_with(&[0x81, 0xa1, b's']),
            Self::Tracker => holds(message, b"\"offer_id\""),
            Self::Matchbox | Self::MatchboxStaying => message.starts_with(b"{\"Signal\""),
        }
    }

    /// Both leave the topic. No answer is waited for where none comes.
    pub(crate) async fn part(self, one: &mut End, two: &mut End, round: u64) -> io::Result<()> {
        match self {
            Self::Slipstream => {
                let leave = ours(&ToServer::Leave { topic: topic(round) });
                one.socket.send(&leave).await?;
                two.socket.send(&leave).await
            }
            Self::Tracker => {
                for end in [one, two] {
                    let stopped = end.announce(round, json!({ "event": "stopped" }));
                    end.socket.send(&text(&stopped)).await?;
                    end.socket.next().await?;
                }
                Ok(())
            }
            // The sockets are dropped when the next room is joined.
            Self::Matchbox | Self::MatchboxStaying => Ok(()),
        }
    }

    /// Joins one topic, to stay there idle.
    pub(crate) async fn settle(self, end: &mut End, group: u64) -> io::Result<()> {
        match self {
            Self::Slipstream => {
                end.socket.send(&ours(&ToServer::Join { topic: topic(group) })).await?;
                expect(end, |message| matches!(message, FromServer::Peers { .. })).await
            }
            Self::Tracker => {
                end.socket.send(&text(&end.announce(group, json!({ "event": "started" })))).await?;
                end.socket.next().await.map(drop)
            }
            Self::Matchbox | Self::MatchboxStaying => Ok(()),
        }
    }
}

impl End {
    /// Sends frames that were put together.
    pub(crate) async fn send(&mut self, frames: &[u8]) -> io::Result<()> {
        self.socket.send(frames).await
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> io::Result<&[u8]> {
        self.socket.next().await
    }

    fn announce(&self, round: u64, mut more: Value) -> Value {
        let Name::Text(name) = &self.name else { return more };
        more["action"] = json!("announce");
        more["info_hash"] = json!(format!("{round:020}"));
        more["peer_id"] = json!(name);
        for count in ["uploaded", "downloaded", "left"] {
            more[count] = json!(0);
        }
        more
    }
}

/// The topic of a round; hashes in earnest, so spread here.
pub(crate) fn topic(round: u64) -> Topic {
    let mut bytes = [0; Topic::LEN];
    bytes[..8].copy_from_slice(&round.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..].copy_from_slice(&round.to_be_bytes());
    Topic::new(bytes)
}

async fn expect(end: &mut End, fits: impl Fn(&FromServer) -> bool) -> io::Result<()> {
    match decode(end.socket.next().await?, &Limits::SERVER) {
        Ok(message) if fits(&message) => Ok(()),
        other => Err(unexpected(&format!("{other:?}"))),
    }
}

pub(crate) fn ours(message: &ToServer) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame(BINARY, &encode(message), &mut bytes);
    bytes
}

fn text(message: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame(TEXT, message.to_string().as_bytes(), &mut bytes);
    bytes
}

fn holds(message: &[u8], part: &[u8]) -> bool {
    message.windows(part.len()).any(|window| window == part)
}

fn unexpected(what: &str) -> io::Error {
    io::Error::other(format!("unexpected: {what}"))
}
