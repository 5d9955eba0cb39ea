//! A browser's database, as the shell uses it: one operation after the other, each whole or not at all. What had not
//! been carried out when the browser was killed is lost.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    time::Duration,
};

use slipstream_core::{
    body::{ContentId, Verified},
    fact::Tab,
    shelf::{Ready, Row, Snapshot},
};

/// One operation.
pub(crate) enum Operation {
    Read {
        id: ContentId,
    },
    Store {
        body: Option<Verified>,
        rows: Vec<Row>,
        drop: Vec<ContentId>,
    },
    Wipe,
    /// The service worker wants the plan that is ready for a page.
    ReadyPlan {
        tab: Tab,
        page: String,
        turn: u64,
    },
}

/// Equal bodies of all browsers, kept once: ten thousand copies of one page are more than a machine has.
#[derive(Default)]
pub(crate) struct Same(BTreeMap<ContentId, Rc<[u8]>>);

impl Same {
    fn of(&mut self, body: &Verified) -> Rc<[u8]> {
        Rc::clone(self.0.entry(body.id()).or_insert_with(|| body.bytes().into()))
    }
}

#[derive(Default)]
pub(crate) struct Database {
    bodies: BTreeMap<ContentId, Rc<[u8]>>,
    records: BTreeMap<String, Vec<u8>>,
    profiles: BTreeMap<String, Vec<u8>>,
    ready: BTreeMap<String, Ready>,
    waiting: VecDeque<Operation>,
    free: Duration,
    /// Every write fails.
    pub(crate) full: bool,
}

impl Database {
    /// Puts an operation behind those that wait: when it will be done.
    pub(crate) fn queue(&mut self, operation: Operation, now: Duration) -> Duration {
        let takes = match &operation {
            Operation::Read { .. } | Operation::ReadyPlan { .. } => Duration::from_millis(2),
            Operation::Store { .. } | Operation::Wipe => Duration::from_millis(3),
        };
        self.free = self.free.max(now) + takes;
        self.waiting.push_back(operation);
        self.free
    }

    pub(crate) fn next(&mut self) -> Option<Operation> {
        self.waiting.pop_front()
    }

    /// What waited is lost.
    pub(crate) fn forget_waiting(&mut self) {
        self.waiting.clear();
        self.free = Duration::ZERO;
    }

    pub(crate) fn read(&self, id: ContentId) -> Option<Vec<u8>> {
        self.bodies.get(&id).map(|bytes| bytes.to_vec())
    }

    /// All of it, or nothing: `false`.
    pub(crate) fn store(
        &mut self,
        body: Option<Verified>,
        rows: Vec<Row>,
        drop: Vec<ContentId>,
        same: &mut Same,
    ) -> bool {
        if self.full {
            return false;
        }
        if let Some(body) = body {
            self.bodies.insert(body.id(), same.of(&body));
        }
        for id in drop {
            self.bodies.remove(&id);
        }
        for row in rows {
            match row {
                Row::Record(key, value) => put(&mut self.records, key, value),
                Row::Profile(key, value) => put(&mut self.profiles, key, value),
                Row::Ready(key, value) => put(&mut self.ready, key, value),
            }
        }
        true
    }

    pub(crate) fn wipe(&mut self) {
        self.bodies.clear();
        self.records.clear();
        self.profiles.clear();
        self.ready.clear();
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            records: self.records.values().cloned().collect(),
            profiles: self.profiles.values().cloned().collect(),
            bodies: self.bodies.keys().copied().collect(),
        }
    }

    pub(crate) fn ready(&self, page: &str) -> Option<&Ready> {
        self.ready.get(page)
    }

    /// Flips a bit in every body.
    pub(crate) fn corrupt(&mut self) {
        for body in self.bodies.values_mut() {
            let mut bytes = body.to_vec();
            let middle = bytes.len() / 2;
            if let Some(byte) = bytes.get_mut(middle) {
                *byte ^= 1;
            }
            *body = bytes.into();
        }
    }
}

fn put<V>(rows: &mut BTreeMap<String, V>, key: String, value: Option<V>) {
    match value {
        Some(value) => drop(rows.insert(key, value)),
        None => drop(rows.remove(&key)),
    }
}
