//! The one place where sessions meet: the router behind a lock, with an outbox for each connection.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use rand::RngExt;
use rand::rngs::StdRng;
use slipstream_wire::codec::encode;
use slipstream_wire::id::PeerId;
use slipstream_wire::server::{FromServer, ToServer};
use tokio::time::Instant;

use crate::metrics::{Counters, Metrics};
use crate::outbox::Outbox;
use crate::refusal::Refusal;
use crate::router::Router;

/// All that sessions share. The lock is held for one step of the router, never across an await.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    counters: Counters,
    started: Instant,
}

#[derive(Debug)]
struct State {
    router: Router,
    rng: StdRng,
    outboxes: HashMap<PeerId, Arc<Outbox>>,
}

impl Hub {
    /// A hub for at most `capacity` connections.
    pub(crate) fn new(capacity: usize, rng: StdRng) -> Self {
        let state = State { router: Router::new(capacity), rng, outboxes: HashMap::new() };
        Self { state: Mutex::new(state), counters: Counters::default(), started: Instant::now() }
    }

    /// A place for one more connection. Errors: [`Refusal::Full`], not yet counted.
    pub(crate) fn connect(self: &Arc<Self>) -> Result<Seat, Refusal> {
        let now = self.now();
        let outbox = Arc::new(Outbox::default());
        let mut state = self.lock();
        let State { router, rng, outboxes } = &mut *state;
        let peer = router.connect(now, rng)?;
        outboxes.insert(peer, outbox.clone());
        drop(state);
        Ok(Seat { hub: self.clone(), peer, outbox })
    }

    /// Counts a refusal.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        self.counters.refuse(refusal);
    }

    /// The figures of this moment.
    pub(crate) fn metrics(&self) -> Metrics {
        let counted = self.counters.read();
        let router = &self.lock().router;
        let (connections, topics, members) = (router.connections(), router.topics(), router.members());
        Metrics { connections, topics, members, ..counted }
    }

    /// Milliseconds since the start: the router's clock.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// How long the next connection may last: 12 hours, give or take a tenth (SECURITY.md §5.1), so that those who
    /// came together do not come back together.
    pub(crate) fn lifetime(&self) -> Duration {
        let share = self.lock().rng.random_range(0.9..1.1);
        LIFETIME.mul_f64(share)
    }

    fn receive(&self, from: PeerId, message: ToServer) -> Result<(), Refusal> {
        self.counters.messages.fetch_add(1, Relaxed);
        let now = self.now();
        let mut state = self.lock();
        let Some(sent) = state.router.receive(from, message, now)? else { return Ok(()) };
        let outbox = state.outboxes.get(&sent.to).cloned();
        drop(state);
        match sent.message {
            FromServer::Signal { .. } => self.counters.relayed.fetch_add(1, Relaxed),
            FromServer::Gone { .. } => self.counters.gone.fetch_add(1, Relaxed),
            _ => 0,
        };
        if let Some(outbox) = outbox {
            outbox.put(Bytes::from(encode(&sent.message)));
        }
        Ok(())
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
