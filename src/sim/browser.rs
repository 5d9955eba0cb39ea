//! One browser: an engine, and around it everything that the engine sees of its machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use slipstream_core::{
    Engine,
    fact::Tab,
    port::{ConnId, PageId},
    settings::Settings,
};

use crate::{
    database::Database, introducer::SocketId, link::Wire, tamper::Tamper, visit::VisitId, worker::Worker,
};

/// A browser of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BrowserId(pub(crate) usize);

/// A browser from one start of its engine to the next: what was meant for an engine never reaches its successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Life {
    pub(crate) browser: BrowserId,
    pub(crate) life: u32,
}

/// What a browser did, counted from outside of its engine.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// When it wanted a socket to the introduction server.
    pub socket_opens: Vec<Duration>,
    /// Messages that it sent to the server.
    pub socket_sends: u64,
    /// Connections that it began or answered.
    pub connects: u64,
    /// Those of them that were to go by relays alone.
    pub relayed: u64,
    /// Channels that opened.
    pub channels: u64,
    /// Bytes of frames that it handed to its channels.
    pub sent: u64,
    /// Bytes of bodies that it sent in chunks.
    pub uploaded: u64,
    /// Bytes of bodies that came in chunks.
    pub received: u64,
    /// Transfers that it spoiled, by the browser that they were for.
    pub(crate) spoiled: BTreeMap<BrowserId, BTreeSet<(ConnId, u32)>>,
    /// Bodies that its engine wanted from its database.
    pub reads: u64,
    /// Most outputs that followed on one input.
    pub most_outputs: usize,
}

pub(crate) struct Browser {
    pub(crate) engine: Option<Engine>,
    pub(crate) life: u32,
    pub(crate) settings: Settings,
    pub(crate) database: Database,
    pub(crate) worker: Worker,
    pub(crate) tabs: BTreeMap<Tab, VisitId>,
    pub(crate) pages: BTreeMap<PageId, VisitId>,
    pub(crate) next_page: u32,
    pub(crate) socket: Option<SocketId>,
    pub(crate) wake: Option<Duration>,
    /// Wakes without time passing.
    pub(crate) spins: u32,
    pub(crate) up: Wire,
    pub(crate) down: Wire,
    /// Channels whose queue was low after something was put into it.
    pub(crate) low: BTreeSet<ConnId>,
    pub(crate) tamper: Option<Tamper>,
    /// Nothing that it sends to peers arrives, and nothing that they send reaches it.
    pub(crate) silent: bool,
    pub(crate) asleep_until: Duration,
    /// How long a word of its service worker takes to its engine.
    pub(crate) word: Duration,
    pub(crate) tally: Tally,
}

impl Browser {
    pub(crate) fn new(settings: Settings, rate: u64) -> Self {
        Self {
            engine: None,
            life: 0,
            settings,
            database: Database::default(),
            worker: Worker::default(),
            tabs: BTreeMap::new(),
            pages: BTreeMap::new(),
            next_page: 1,
            socket: None,
            wake: None,
            spins: 0,
            up: Wire::new(rate),
            down: Wire::new(rate),
            low: BTreeSet::new(),
            tamper: None,
            silent: false,
            asleep_until: Duration::ZERO,
            word: Duration::ZERO,
            tally: Tally::default(),
        }
    }
}
