//! The shelf's index: which bodies, records, profiles and ready plans lie in the database, and which go first when
//! room is needed. The bytes themselves stay in the database, but for a small cache in front.
//!
//! Everything is kept per partition (the top document's origin), except bodies: equal bytes are stored once. A body
//! is written before, and in the same transaction as, the row that names it; a row may outlive its body.

mod sites;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use slipstream_wire::codec;

use crate::{
    address::{Origin, Url},
    body::{ContentId, Verified},
    limits,
    port::{Output, Serve},
    profile::Profile,
    record::Record,
};

/// Bounds of one stored row: a profile with all its URLs is the largest.
const ROW: codec::Limits = codec::Limits {
    bytes: limits::PAGE_RESOURCES * (crate::address::MAX_URL + 8) + 4096,
    depth: 8,
    items: limits::PAGE_RESOURCES,
    text: 4096,
    binary: 64,
};

/// A row to write, or to delete where there is no value.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// Key and encoded record.
    Record(String, Option<Vec<u8>>),
    /// Page and encoded profile.
    Profile(String, Option<Vec<u8>>),
    /// Page and plan, for the service worker to read without the engine.
    Ready(String, Option<Ready>),
}

/// What the service worker installs by itself when this page is navigated to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// Bodies by content id; their bytes lie beside this row.
    pub serve: Vec<Serve>,
}

/// What lay in the database when the engine started.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Encoded records.
    pub records: Vec<Vec<u8>>,
    /// Encoded profiles.
    pub profiles: Vec<Vec<u8>>,
    /// Names of the bodies.
    pub bodies: Vec<ContentId>,
}

#[derive(Serialize, Deserialize)]
struct RecordRow {
    partition: Origin,
    record: Record,
}

#[derive(Clone, Copy)]
struct Held {
    length: u64,
    used: u64,
}

/// The index.
#[derive(Default)]
pub struct Shelf {
    records: BTreeMap<(Origin, Url), Record>,
    profiles: BTreeMap<Url, Profile>,
    bodies: BTreeMap<ContentId, Held>,
    by_use: BTreeSet<(u64, ContentId)>,
    bytes: u64,
    generation: u64,
    cache: VecDeque<Verified>,
    cached: u64,
}

impl Shelf {
    /// Builds the index. Rows that cannot be read, and bodies that no row names, are returned as what is to be
    /// deleted: a crash or another version left them.
    pub fn open(snapshot: Snapshot) -> (Self, Vec<ContentId>) {
        let mut shelf = Self::default();
        for row in snapshot.profiles.iter().take(limits::PROFILES) {
            if let Ok(profile) = codec::decode::<Profile>(row, &ROW) {
                shelf.profiles.insert(profile.page.clone(), profile);
            }
        }
        for row in snapshot.records.iter().take(limits::RECORDS) {
            if let Ok(RecordRow { partition, record }) = codec::decode(row, &ROW) {
                shelf.records.insert((partition, record.url.clone()), record);
            }
        }
        // One by one: to collect brings in a sorter of its own.
        let mut stored = BTreeSet::new();
        stored.extend(snapshot.bodies);
        let named: Vec<_> = shelf.records.values().map(|r| (r.id, r.length, r.fetched)).collect();
        for (id, length, fetched) in named {
            if stored.contains(&id) {
                shelf.hold(id, length, fetched);
            }
        }
        let orphans = stored.into_iter().filter(|id| !shelf.bodies.contains_key(id)).collect();
        (shelf, orphans)
    }

    /// The record of a URL in a partition.
    pub fn record(&self, partition: &Origin, url: &Url) -> Option<&Record> {
        self.records.get(&(partition.clone(), url.clone()))
    }

    /// The profile of a page.
    pub fn profile(&self, page: &Url) -> Option<&Profile> {
        self.profiles.get(page)
    }

    /// All profiles: few thousand at most.
    pub fn profiles(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.values()
    }

    /// Whether a body's bytes are here.
    pub fn has(&self, id: ContentId) -> bool {
        self.bodies.contains_key(&id)
    }

    /// Whether a body's bytes are here for this site: one that only others have brought must take its time, or pages could
    /// find out where somebody has been (SECURITY.md §4.5, G6).
    pub fn has_for(&self, partition: &Origin, id: ContentId) -> bool {
        self.has(id) && self.records_of(id).any(|(of, _)| of == partition)
    }

    /// Names of all bodies.
    pub fn bodies(&self) -> impl Iterator<Item = ContentId> {
        self.bodies.keys().copied()
    }

    /// Records that name a body, in any partition.
    pub fn records_of(&self, id: ContentId) -> impl Iterator<Item = (&Origin, &Record)> {
        self.records.iter().filter(move |(_, r)| r.id == id).map(|((partition, _), r)| (partition, r))
    }

    /// A number that is another one whenever the set of bodies is.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Number of bodies, and their bytes.
    pub fn size(&self) -> (usize, u64) {
        (self.bodies.len(), self.bytes)
    }

    /// A body from memory, if it is there.
    pub fn cached(&mut self, id: ContentId) -> Option<Verified> {
        let at = self.cache.iter().position(|b| b.id() == id)?;
        let body = self.cache.remove(at)?;
        self.cache.push_back(body.clone());
        Some(body)
    }

    /// Keeps a body in memory for a while.
    pub fn cache(&mut self, body: &Verified) {
        if body.len() > limits::CACHE_BYTES / 4 || self.cached(body.id()).is_some() {
            return;
        }
        self.cached += body.len();
        self.cache.push_back(body.clone());
        while self.cached > limits::CACHE_BYTES {
            let Some(oldest) = self.cache.pop_front() else { break };
            self.cached -= oldest.len();
        }
    }

    /// Notes that a body was of use.
    pub fn touch(&mut self, id: ContentId, unix: u64) {
        if let Some(held) = self.bodies.get(&id).copied() {
            self.hold(id, held.length, unix);
        }
    }

    /// Files a record, and its body if the bytes are new, within `limit` bytes. What was used least goes first.
    pub fn file(
        &mut self,
        partition: &Origin,
        record: Record,
        body: &Verified,
        limit: u64,
        unix: u64,
    ) -> Output {
        let new = !self.has(record.id);
        self.hold(record.id, body.len(), unix);
        let key = (partition.clone(), record.url.clone());
        let mut rows = vec![Row::Record(
            row_key(partition, &record.url),
            Some(codec::encode(&RecordRow { partition: partition.clone(), record: record.clone() })),
        )];
        self.records.insert(key, record);
        if self.records.len() > limits::RECORDS {
            let oldest = self.records.iter().min_by_key(|(_, r)| r.fetched).map(|(key, _)| key.clone());
            if let Some(key) = oldest {
                rows.push(Row::Record(row_key(&key.0, &key.1), None));
                self.records.remove(&key);
            }
        }
        Output::Store { body: new.then(|| body.clone()), rows, drop: self.evict(limit) }
    }

    /// Files what a visit taught, with the plan for the next one.
    pub fn file_profile(&mut self, profile: Profile, ready: Option<Ready>) -> Output {
        let key = profile.page.as_str().to_owned();
        let mut rows = vec![Row::Profile(key.clone(), Some(codec::encode(&profile))), Row::Ready(key, ready)];
        self.profiles.insert(profile.page.clone(), profile);
        if self.profiles.len() > limits::PROFILES {
            let oldest = self.profiles.values().min_by_key(|p| p.visited).map(|p| p.page.clone());
            if let Some(page) = oldest {
                rows.push(Row::Profile(page.as_str().to_owned(), None));
                rows.push(Row::Ready(page.as_str().to_owned(), None));
                self.profiles.remove(&page);
            }
        }
        Output::Store { body: None, rows, drop: Vec::new() }
    }

    /// Lets go of a body whose stored bytes turned out to be others, or that could not be written. Its records stay:
    /// the hash is still what the origin said.
    pub fn lose(&mut self, id: ContentId) -> Output {
        self.release(id);
        Output::Store { body: None, rows: Vec::new(), drop: vec![id] }
    }

    /// Forgets everything.
    pub fn clear(&mut self) -> Output {
        *self = Self::default();
        Output::Wipe
    }

    fn hold(&mut self, id: ContentId, length: u64, used: u64) {
        match self.bodies.insert(id, Held { length, used }) {
            Some(before) => {
                self.by_use.remove(&(before.used, id));
            }
            None => {
                self.bytes += length;
                self.generation += 1;
            }
        }
        self.by_use.insert((used, id));
    }

    fn release(&mut self, id: ContentId) {
        if let Some(held) = self.bodies.remove(&id) {
            self.by_use.remove(&(held.used, id));
            self.bytes -= held.length;
            self.generation += 1;
        }
        if let Some(at) = self.cache.iter().position(|b| b.id() == id)
            && let Some(body) = self.cache.remove(at)
        {
            self.cached -= body.len();
        }
    }

    fn evict(&mut self, limit: u64) -> Vec<ContentId> {
        let mut gone = Vec::new();
        while self.bytes > limit {
            let Some(&(_, id)) = self.by_use.first() else { break };
            self.release(id);
            gone.push(id);
        }
        gone
    }
}

fn row_key(partition: &Origin, url: &Url) -> String {
    format!("{} {}", partition.as_str(), url.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Capture, Mime, Source};
    use slipstream_wire::peer::{Corp, Kind};

    fn record(url: &str, body: &Verified) -> Record {
        Record {
            url: Url::parse(url).unwrap(),
            kind: Kind::Image,
            id: body.id(),
            length: body.len(),
            content_type: "image/png".into(),
            mime: Mime::Png,
            source: Source::OwnFetch,
            capture: Capture::PageClean,
            acao_any: false,
            corp: Corp::Absent,
            etag: None,
            immutable: false,
            accept: None,
            fetched: 1,
            fresh_until: 100,
            shared_until: 100,
            public_address: true,
        }
    }

    fn partition() -> Origin {
        Url::parse("https://www.shop-demo.com/").unwrap().origin()
    }

    #[test]
    fn equal_bytes_under_two_urls_are_written_once() {
        let mut shelf = Shelf::default();
        let body = Verified::captured(vec![1; 10]);
        let first = shelf.file(&partition(), record("https://a-b.com/1", &body), &body, 100, 1);
        let second = shelf.file(&partition(), record("https://a-b.com/2", &body), &body, 100, 2);
        assert!(matches!(first, Output::Store { body: Some(_), .. }));
        assert!(matches!(second, Output::Store { body: None, .. }));
        assert_eq!(shelf.size(), (1, 10));
    }

    #[test]
    fn what_was_used_least_goes_first_and_its_record_stays() {
        let mut shelf = Shelf::default();
        let bodies: Vec<_> = (0..3).map(|n| Verified::captured(vec![n; 40])).collect();
        for (n, body) in bodies.iter().enumerate().take(2) {
            shelf.file(&partition(), record(&format!("https://a-b.com/{n}"), body), body, 100, n as u64);
        }
        shelf.touch(bodies[0].id(), 9);
        let stored = shelf.file(&partition(), record("https://a-b.com/2", &bodies[2]), &bodies[2], 100, 10);
        assert!(matches!(stored, Output::Store { drop, .. } if drop == [bodies[1].id()]));
        assert!(shelf.has(bodies[0].id()) && !shelf.has(bodies[1].id()));
        assert!(shelf.record(&partition(), &Url::parse("https://a-b.com/1").unwrap()).is_some());
        assert_eq!(shelf.size(), (2, 80));
    }

    #[test]
    fn a_snapshot_comes_back_and_bodies_without_a_row_are_thrown_away() {
        let mut shelf = Shelf::default();
        let (body, orphan) = (Verified::captured(vec![7; 10]), Verified::captured(vec![8]));
        let Output::Store { rows, .. } =
            shelf.file(&partition(), record("https://a-b.com/1", &body), &body, 100, 1)
        else {
            panic!("filing stores")
        };
        let [Row::Record(_, Some(bytes))] = &rows[..] else { panic!("one row") };
        let snapshot = Snapshot {
            records: vec![bytes.clone(), vec![0xc1]],
            profiles: vec![vec![]],
            bodies: vec![orphan.id(), body.id()],
        };
        let (shelf, orphans) = Shelf::open(snapshot);
        assert_eq!(orphans, [orphan.id()]);
        assert_eq!(shelf.size(), (1, 10));
        let url = Url::parse("https://a-b.com/1").unwrap();
        assert_eq!(shelf.record(&partition(), &url), Some(&record("https://a-b.com/1", &body)));
    }

    #[test]
    fn a_record_in_one_partition_is_unknown_in_another() {
        let mut shelf = Shelf::default();
        let body = Verified::captured(vec![1; 10]);
        shelf.file(&partition(), record("https://a-b.com/1", &body), &body, 100, 1);
        let elsewhere = Url::parse("https://www.other-demo.com/").unwrap().origin();
        assert!(shelf.record(&elsewhere, &Url::parse("https://a-b.com/1").unwrap()).is_none());
    }

    #[test]
    fn the_cache_is_bounded_in_bytes() {
        let mut shelf = Shelf::default();
        for n in 0..20_u8 {
            shelf.cache(&Verified::captured(vec![n; 1024 * 1024]));
        }
        assert!(shelf.cached <= limits::CACHE_BYTES);
        assert_eq!(shelf.cache.iter().map(Verified::len).sum::<u64>(), shelf.cached);
        assert!(shelf.cached(Verified::captured(vec![19; 1024 * 1024]).id()).is_some());
        assert!(shelf.cached(Verified::captured(vec![0; 1024 * 1024]).id()).is_none());
    }
}
