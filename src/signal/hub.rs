//! The one place where sessions meet: the router behind a lock, with an outbox for each connection.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use rand::RngExt;
use rand::rngs::StdRng;
use slipstream_wire::codec::encode;
use slipstream_wire::id::PeerId;
use slipstream_wire::server::{FromServer, ToServer};
use tokio::time::Instant;

use crate::bus::{Bus, Word};
use crate::members::INTRODUCED;
use crate::metrics::{Counters, Metrics};
use crate::names::NameHasher;
use crate::outbox::Outbox;
use crate::place::Places;
use crate::refusal::Refusal;
use crate::router::{Router, Sent, Settings};

/// All that sessions share. The lock is held for one step of the router, never across an await.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    counters: Counters,
    started: Instant,
    places: Places,
    bus: OnceLock<Bus>,
    /// No memory for more connections.
    heavy: AtomicBool,
}

#[derive(Debug)]
struct State {
    router: Router,
    rng: StdRng,
    outboxes: HashMap<PeerId, Arc<Outbox>, BuildHasherDefault<NameHasher>>,
}

impl Hub {
    pub(crate) fn new(settings: Settings, mut rng: StdRng) -> Self {
        let places = Places::new(rng.random());
        let state = State { router: Router::new(settings), rng, outboxes: HashMap::default() };
        Self {
            state: Mutex::new(state),
            counters: Counters::default(),
            started: Instant::now(),
            places,
            bus: OnceLock::new(),
            heavy: AtomicBool::new(false),
        }
    }

    /// Lets topics be shared with other nodes from now on.
    pub(crate) fn share(&self, bus: Bus) {
        // A hub has one bus for as long as it lasts; a second one would not be heard.
        let _ = self.bus.set(bus);
    }

    /// A place for one more connection. Errors: [`Refusal::Full`], [`Refusal::Rush`], not yet counted.
    pub(crate) fn connect(self: &Arc<Self>, from: IpAddr) -> Result<Seat, Refusal> {
        if self.heavy.load(Relaxed) {
            return Err(Refusal::Full);
        }
        let (now, place) = (self.now(), self.places.of(from));
        let outbox = Arc::new(Outbox::default());
        let mut state = self.lock();
        let State { router, rng, outboxes } = &mut *state;
        let peer = router.connect(place, now, rng)?;
        outboxes.insert(peer, outbox.clone());
        drop(state);
        Ok(Seat { hub: self.clone(), peer, outbox })
    }

    /// Says whether there is memory for more connections.
    pub(crate) fn weigh(&self, heavy: bool) {
        self.heavy.store(heavy, Relaxed);
    }

    /// Counts a refusal.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        self.counters.refuse(refusal);
    }

    /// The figures of this moment.
    pub(crate) fn metrics(&self) -> Metrics {
        let counted = self.counters.read();
        let nodes = self.bus.get().map_or(1, |bus| bus.nodes(self.now()) + 1);
        let router = &self.lock().router;
        let (connections, topics, members) = (router.connections(), router.topics(), router.members());
        Metrics { connections, topics, members, nodes, ..counted }
    }

    /// Milliseconds since the start: the router's clock.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The moment at which the router's clock shows this.
    pub(crate) fn instant(&self, ms: u64) -> Instant {
        // Beyond a day nothing is waited for at once: every sleeper looks at the clock again.
        self.started + Duration::from_millis(ms.min(self.now() + DAY))
    }

    /// How long the next connection may last: 12 hours, give or take a tenth (SECURITY.md §5.1), so that those who
    /// came together do not come back together.
    pub(crate) fn lifetime(&self) -> Duration {
        let share = self.lock().rng.random_range(0.9..1.1);
        LIFETIME.mul_f64(share)
    }

    /// When one browser is to come back after the server went away, in seconds. All of them together come back over a
    /// span in which no more than [`RETURNING`] do so each second.
    pub(crate) fn retry_after(&self) -> u16 {
        let mut state = self.lock();
        let span = state.outboxes.len() / RETURNING;
        let span = u16::try_from(span).unwrap_or(u16::MAX).clamp(LEAST_SPAN, MOST_SPAN);
        state.rng.random_range(1..=span)
    }

    fn receive(&self, from: PeerId, message: ToServer) -> Result<(), Refusal> {
        self.counters.messages.fetch_add(1, Relaxed);
        let now = self.now();
        let asked = match message {
            ToServer::Join { topic } => Some(topic),
            _ => None,
        };
        let mut state = self.lock();
        let State { router, rng, .. } = &mut *state;
        let sent = router.receive(from, message, now, rng)?;
        if let (Some(topic), Some(Sent { message: FromServer::Peers { peers, .. }, .. })) = (asked, &sent) {
            let wanted = INTRODUCED.saturating_sub(peers.len()).max(1);
            if let Some(bus) = self.bus.get().filter(|_| router.may_meet_foreign(from, topic, wanted, now)) {
                let wanted = u8::try_from(wanted).unwrap_or(u8::MAX);
                bus.say(None, Word::Seek { topic, asker: from, wanted });
            }
        }
        self.pass_on(state, sent, now);
        Ok(())
    }

    /// Something came from another node.
    pub(crate) fn receive_word(&self, word: Word) {
        let now = self.now();
        let mut state = self.lock();
        let State { router, rng, .. } = &mut *state;
        let sent = match word {
            Word::Seek { topic, asker, wanted } => {
                let peers = if router.is_foreign(asker) {
                    router.lend(topic, usize::from(wanted).min(INTRODUCED), rng)
                } else {
                    Vec::new()
                };
                drop(state);
                if let (false, Some(bus)) = (peers.is_empty(), self.bus.get()) {
                    bus.say(Some(asker), Word::Found { topic, asker, peers });
                }
                return;
            }
            Word::Found { topic, asker, peers } => router.borrow(asker, topic, peers),
            Word::Signal { topic, from, to, payload } => {
                Some(router.receive_foreign(from, topic, to, payload))
            }
            Word::Gone { to, peer } => {
                router.is_foreign(peer).then_some(Sent { to, message: FromServer::Gone { peer } })
            }
        };
        self.pass_on(state, sent, now);
    }

    /// Puts a message into the outbox that it is for, or on the bus.
    fn pass_on(&self, state: MutexGuard<'_, State>, sent: Option<Sent>, now: u64) {
        let Some(Sent { to, message }) = sent else { return };
        let foreign = state.router.is_foreign(to);
        let outbox = state.outboxes.get(&to).cloned();
        drop(state);
        let relayed = match &message {
            FromServer::Signal { .. } => &self.counters.relayed,
            FromServer::Gone { .. } => &self.counters.gone,
            _ => &self.counters.answered,
        };
        relayed.fetch_add(1, Relaxed);
        if let Some(outbox) = outbox {
            outbox.put(Bytes::from(encode(&message)));
        } else if let (true, Some(bus)) = (foreign, self.bus.get()) {
            self.pass_to_node(bus, to, message, now);
        }
    }

    /// Another node may know the target. If it does not run, or can't be reached, the sender learns that at once.
    fn pass_to_node(&self, bus: &Bus, to: PeerId, message: FromServer, now: u64) {
        match message {
            FromServer::Signal { topic, from, payload } => {
                let said =
                    bus.reaches(to, now) && bus.say(Some(to), Word::Signal { topic, from, to, payload });
                if !said {
                    self.counters.gone.fetch_add(1, Relaxed);
                    if let Some(outbox) = self.lock().outboxes.get(&from) {
                        outbox.put(encode(&FromServer::Gone { peer: to }).into());
                    }
                }
            }
            FromServer::Gone { peer } => drop(bus.say(Some(to), Word::Gone { to, peer })),
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Only a fault of ours could panic in the router; the others are served on rather than lost with it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's place in the hub, given up when dropped, if not before.
#[derive(Debug)]
pub(crate) struct Seat {
    hub: Arc<Hub>,
    peer: PeerId,
    outbox: Arc<Outbox>,
}

impl Seat {
    /// Hands a message of this connection to the router. Errors: as [`Router::receive`], not yet counted.
    pub(crate) fn receive(&self, message: ToServer) -> Result<(), Refusal> {
        self.hub.receive(self.peer, message)
    }

    /// The round trip was measured, in ms.
    pub(crate) fn measured(&self, round_trip: u16) {
        self.hub.lock().router.measured(self.peer, round_trip);
    }

    /// What waits for this connection.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Gives the place up: for the others, the connection is gone.
    pub(crate) fn leave(&self) {
        let mut state = self.hub.lock();
        state.router.disconnect(self.peer);
        state.outboxes.remove(&self.peer);
    }

    /// Where the connection sits.
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
    }
}

const LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);
/// Milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;
/// Browsers that are to come back each second after the server went away.
const RETURNING: usize = 200;
/// Seconds over which they do so, at the least and at the most.
const LEAST_SPAN: u16 = 5;
const MOST_SPAN: u16 = 600;
