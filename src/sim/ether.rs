//! WebRTC between the browsers: descriptions, candidates, certificates, channels. A channel opens only where both
//! sides were given the description that the other really made, and it ends in silence where a browser dies.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use rand::{Rng, RngExt};
use slipstream_core::{
    description::{Candidate, CandidateType, Description, Kind},
    limits,
    port::{ConnId, Input},
    settings::IceServer,
};
use slipstream_wire::{codec, frame::Frame, peer::Message};

use crate::{
    browser::{BrowserId, Life},
    world::{Event, World},
};

/// What Chromium says of a channel (facts W24), in bytes.
const MAX_MESSAGE: u32 = 262_144;
/// What a frame weighs beyond its bytes, per packet of this many, in bytes: IP, UDP, DTLS and SCTP.
const PACKET: u64 = 1_150;
const PACKET_HEADERS: u64 = 85;
/// How long a browser takes to describe its side.
const DESCRIBE: Duration = Duration::from_millis(6);

/// What lies between the browsers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Between {
    /// Nothing: they are on one network.
    #[default]
    Nothing,
    /// Address translation that gives a browser one address for all: what STUN finds can be reached.
    Cone,
    /// One for each that it talks to: only relays can be reached. A relay on one side opens a channel that carries
    /// nothing (facts W16), or none.
    Symmetric,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct End {
    pub(crate) life: Life,
    pub(crate) conn: ConnId,
}

#[derive(Default)]
pub(crate) struct Ether {
    ends: BTreeMap<End, Endpoint>,
    by_name: BTreeMap<String, End>,
    pub(crate) between: Between,
    /// Somebody sits between all browsers, with certificates of his own.
    pub(crate) intercepted: bool,
}

struct Endpoint {
    name: String,
    fingerprint: String,
    remote: Option<Remote>,
    /// Where the other side can be reached, as far as this side was told.
    candidates: Vec<CandidateType>,
    relay_only: bool,
    /// The channel opens, and nothing comes through it.
    dead: bool,
    other: Option<End>,
    open: bool,
    /// Bytes in the channel's queue.
    queued: u64,
    /// Nothing arrives at the other side before this.
    arrives: Duration,
}

impl Endpoint {
    /// Whether this side was told of a way to the other that leads there.
    fn can_reach(&self, between: Between) -> bool {
        self.candidates.iter().any(|typ| match between {
            Between::Nothing => true,
            Between::Cone => *typ != CandidateType::Host,
            Between::Symmetric => *typ == CandidateType::Relay,
        })
    }
}

/// The other side, as the description says that was given to the browser.
#[derive(Clone)]
struct Remote {
    name: String,
    fingerprint: String,
}

impl World {
    pub(crate) fn connect(
        &mut self,
        end: End,
        remote: Option<&str>,
        servers: &[IceServer],
        relay_only: bool,
    ) {
        let (name, password) = (self.text(8), self.text(24));
        let mut print = String::new();
        let mut digest = [0_u8; 32];
        self.rng.fill_bytes(&mut digest);
        for byte in digest {
            // Writing to a String cannot fail.
            let _ = write!(print, "{}{byte:02X}", if print.is_empty() { "" } else { ":" });
        }
        let kind = if remote.is_some() { Kind::Answer } else { Kind::Offer };
        let sdp = sdp(kind, &name, &password, &print);
        let remote = remote.map(|sdp| self.read(Kind::Offer, sdp));
        let endpoint = Endpoint {
            name: name.clone(),
            fingerprint: print,
            remote,
            candidates: Vec::new(),
            relay_only,
            dead: false,
            other: None,
            open: false,
            queued: 0,
            arrives: Duration::ZERO,
        };
        self.ether.by_name.insert(name.clone(), end);
        self.ether.ends.insert(end, endpoint);
        self.plan_in(DESCRIBE, Event::Tell(end.life, Input::Described { conn: end.conn, sdp }));
        let host = end.life.browser.0;
        let (high, low) = (host / 250 % 250, host % 250 + 1);
        let port = self.rng.random_range(40_000..60_000_u16);
        let serves =
            |scheme: &str| servers.iter().flat_map(|server| &server.urls).any(|url| url.starts_with(scheme));
        let host = [
            format!("2536048589 1 udp 2113937151 192.168.{high}.{low} {port} typ host"),
            format!("2421910397 1 udp 2113942271 fd00::{high:x}:{low:x} {port} typ host"),
        ];
        let mapped = format!("842163049 1 udp 1677729535 203.0.113.7 {port} typ srflx raddr 0.0.0.0 rport 9");
        let relayed = format!("3098175849 1 udp 33562367 203.0.113.1 {port} typ relay raddr 0.0.0.0 rport 9");
        let direct = host.into_iter().chain(serves("stun:").then_some(mapped)).filter(|_| !relay_only);
        for found in direct.chain(serves("turn:").then_some(relayed)) {
            let line = format!("candidate:{found} generation 0 ufrag {name} network-cost 999");
            self.plan_in(
                DESCRIBE + Duration::from_millis(2),
                Event::Tell(end.life, Input::Candidate { conn: end.conn, line }),
            );
        }
    }

    pub(crate) fn answered(&mut self, end: End, sdp: &str) {
        let remote = self.read(Kind::Answer, sdp);
        if let Some(endpoint) = self.ether.ends.get_mut(&end) {
            endpoint.remote = Some(remote);
        }
        self.try_to_join(end);
    }

    pub(crate) fn add_candidate(&mut self, end: End, line: &str) {
        let Ok(candidate) = Candidate::parse(line) else {
            self.violated("the engine gave the browser a candidate that is none");
        };
        if let Some(endpoint) = self.ether.ends.get_mut(&end) {
            endpoint.candidates.push(candidate.typ());
        }
        self.try_to_join(end);
    }

    /// Whatever the engine hands to the browser is what it would accept itself.
    fn read(&self, kind: Kind, sdp: &str) -> Remote {
        if Description::from_sdp(kind, sdp).is_err() {
            self.violated("the engine gave the browser a description that is none");
        }
        let field = |prefix: &str| {
            sdp.lines().find_map(|line| line.strip_prefix(prefix)).unwrap_or_default().to_owned()
        };
        Remote { name: field("a=ice-ufrag:"), fingerprint: field("a=fingerprint:sha-256 ") }
    }

    /// Both sides know each other, and where: the handshake begins.
    fn try_to_join(&mut self, end: End) {
        let (ends, between) = (&self.ether.ends, self.ether.between);
        let Some(here) = ends.get(&end).filter(|here| here.other.is_none() && here.can_reach(between)) else {
            return;
        };
        let Some(remote) = &here.remote else { return };
        let Some(other) = self.ether.by_name.get(&remote.name).copied().filter(|other| *other != end) else {
            return;
        };
        let meant = |there: &&Endpoint| {
            there.other.is_none()
                && there.can_reach(between)
                && there.remote.as_ref().is_some_and(|back| back.name == here.name)
        };
        let Some(there) = ends.get(&other).filter(meant) else { return };
        let dead = between == Between::Symmetric && !(here.relay_only && there.relay_only);
        for (one, another) in [(end, other), (other, end)] {
            if let Some(endpoint) = self.ether.ends.get_mut(&one) {
                endpoint.other = Some(another);
                endpoint.dead = dead;
            }
        }
        if dead && self.rng.random_bool(0.5) {
            return;
        }
        let takes = self.latency() * 6 + Duration::from_millis(20);
        self.plan_in(takes, Event::Handshake(end, other));
    }

    /// DTLS: each side shows its certificate, and wants the one of which it was told.
    pub(crate) fn handshake(&mut self, one: End, other: End) {
        let ends = &self.ether.ends;
        let (Some(a), Some(b)) = (ends.get(&one), ends.get(&other)) else { return };
        if self.browsers[one.life.browser.0].silent || self.browsers[other.life.browser.0].silent {
            return;
        }
        let shows = |of: &Endpoint, to: &Endpoint| {
            to.remote.as_ref().is_some_and(|remote| remote.fingerprint == of.fingerprint)
        };
        let proven = !self.ether.intercepted && shows(a, b) && shows(b, a);
        for end in [one, other] {
            let input = if proven {
                Input::ChannelOpen { conn: end.conn, max_message: MAX_MESSAGE }
            } else {
                Input::ChannelClosed { conn: end.conn }
            };
            if proven && let Some(endpoint) = self.ether.ends.get_mut(&end) {
                endpoint.open = true;
                self.browsers[end.life.browser.0].tally.channels += 1;
            }
            if !proven {
                self.remove_end(end);
            }
            self.plan_in(Duration::ZERO, Event::Tell(end.life, input));
        }
    }

    /// The engine sends a frame; what the browser makes of it travels.
    pub(crate) fn send(&mut self, end: End, frame: Vec<u8>) {
        let browser = &mut self.browsers[end.life.browser.0];
        browser.tally.sent += frame.len() as u64;
        if let Ok(Frame::Chunk { bytes, .. }) = Frame::parse(&frame) {
            browser.tally.uploaded += bytes.len() as u64;
        }
        let frames = match &mut browser.tamper {
            Some(tamper) => {
                let sent = tamper(frame.clone());
                self.note_spoiled(end, &frame, &sent);
                sent
            }
            None => vec![frame],
        };
        for frame in frames {
            self.put(end, frame);
        }
        let low =
            self.ether.ends.get(&end).is_some_and(|e| e.open && e.queued <= u64::from(limits::CHANNEL_LOW));
        if low {
            self.browsers[end.life.browser.0].low.insert(end.conn);
        }
    }

    /// Puts a frame on the wire, behind those that are there.
    pub(crate) fn put(&mut self, end: End, frame: Vec<u8>) {
        let (latency, now) = (self.latency(), self.now);
        let Some(endpoint) = self.ether.ends.get_mut(&end).filter(|endpoint| endpoint.open) else { return };
        let Some(other) = endpoint.other else { return };
        let length = frame.len() as u64;
        let weight = length + length.div_ceil(PACKET) * PACKET_HEADERS;
        let gone = self.browsers[end.life.browser.0].up.pass(now, weight);
        endpoint.queued += length;
        let there = self.browsers[other.life.browser.0].down.pass(gone + latency, weight);
        endpoint.arrives = endpoint.arrives.max(there);
        let arrives = endpoint.arrives;
        let dead = endpoint.dead;
        self.plan(gone, Event::Sent(end, length));
        if !dead && !self.browsers[end.life.browser.0].silent {
            self.plan(arrives, Event::Frame(other, frame));
        }
    }

    /// So many bytes have left the queue.
    pub(crate) fn sent(&mut self, end: End, length: u64) {
        let Some(endpoint) = self.ether.ends.get_mut(&end) else { return };
        let low = u64::from(limits::CHANNEL_LOW);
        let was_high = endpoint.queued > low;
        endpoint.queued -= length;
        if was_high && endpoint.queued <= low {
            self.tell(end.life, Input::Drained { conn: end.conn });
        }
    }

    pub(crate) fn frame_arrives(&mut self, end: End, bytes: Vec<u8>) {
        let browser = &mut self.browsers[end.life.browser.0];
        if browser.silent || !self.ether.ends.contains_key(&end) {
            return;
        }
        if let Ok(Frame::Chunk { bytes, .. }) = Frame::parse(&bytes) {
            browser.tally.received += bytes.len() as u64;
        }
        self.tell(end.life, Input::Frame { conn: end.conn, bytes });
    }

    /// Counts the transfers that a browser spoils for each other.
    fn note_spoiled(&mut self, end: End, frame: &[u8], sent: &[Vec<u8>]) {
        let transfer = match Frame::parse(frame) {
            Ok(Frame::Chunk { transfer, .. }) => Some(transfer),
            Ok(Frame::Control(bytes)) => match codec::decode(bytes, &codec::Limits::PEER) {
                Ok(Message::Begin { transfer, .. }) => Some(transfer),
                _ => None,
            },
            Err(_) => None,
        };
        let spoiled = sent.len() != 1 || sent[0] != frame;
        let other = self.ether.ends.get(&end).and_then(|here| here.other);
        if let (Some(transfer), Some(other), true) = (transfer, other, spoiled) {
            let tally = &mut self.browsers[end.life.browser.0].tally;
            tally.spoiled.entry(other.life.browser).or_default().insert((end.conn, transfer));
        }
    }

    /// One side closes; the other hears of it, unless nothing can be heard.
    pub(crate) fn close(&mut self, end: End) {
        let Some(endpoint) = self.remove_end(end) else { return };
        let Some(other) = endpoint.other.filter(|_| endpoint.open && !endpoint.dead) else { return };
        if !self.browsers[end.life.browser.0].silent {
            let at = (self.now + self.latency()).max(endpoint.arrives);
            self.plan(at, Event::Hung(other));
        }
    }

    /// The other side has closed.
    pub(crate) fn hung(&mut self, end: End) {
        if self.remove_end(end).is_some() {
            self.tell(end.life, Input::ChannelClosed { conn: end.conn });
        }
    }

    /// All ends of a browser's engine, open or not, in silence.
    pub(crate) fn drop_ends(&mut self, life: Life) {
        let ends: Vec<_> = self.ether.ends.keys().copied().filter(|end| end.life == life).collect();
        for end in ends {
            self.remove_end(end);
        }
    }

    /// Open channels from one browser to another.
    pub(crate) fn channels(&self, from: BrowserId, to: BrowserId) -> Vec<End> {
        let between = |(end, endpoint): &(&End, &Endpoint)| {
            end.life.browser == from
                && endpoint.open
                && endpoint.other.is_some_and(|other| other.life.browser == to)
        };
        self.ether.ends.iter().filter(between).map(|(end, _)| *end).collect()
    }

    fn remove_end(&mut self, end: End) -> Option<Endpoint> {
        let endpoint = self.ether.ends.remove(&end)?;
        self.ether.by_name.remove(&endpoint.name);
        Some(endpoint)
    }

    fn latency(&mut self) -> Duration {
        let most = u64::try_from(self.lan.jitter.as_micros()).unwrap_or(0);
        self.lan.latency + Duration::from_micros(self.rng.random_range(0..=most))
    }

    fn text(&mut self, length: usize) -> String {
        const ICE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        (0..length).map(|_| char::from(ICE[self.rng.random_range(0..ICE.len())])).collect()
    }
}

/// As Chromium 156 writes it for one data channel.
fn sdp(kind: Kind, name: &str, password: &str, fingerprint: &str) -> String {
    let (extra, role) = match kind {
        Kind::Offer => ("a=extmap-allow-mixed\r\n", "actpass"),
        Kind::Answer => ("", "active"),
    };
    format!(
        "v=0\r\no=- 2884789104386979736 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n{extra}\
         a=msid-semantic: WMS\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n\
         a=ice-ufrag:{name}\r\na=ice-pwd:{password}\r\na=ice-options:trickle\r\n\
         a=fingerprint:sha-256 {fingerprint}\r\na=setup:{role}\r\na=mid:0\r\na=sctp-port:5000\r\n\
         a=max-message-size:{MAX_MESSAGE}\r\n"
    )
}
