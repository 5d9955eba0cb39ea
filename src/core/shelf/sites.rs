//! The shelf by site: what is kept for each, and forgetting one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Row, Shelf, row_key};
use crate::{address::Origin, port::Output, stats::SiteStats};

impl Shelf {
    /// What is kept for each site. A body that several sites load counts for each of them.
    pub fn by_site(&self) -> Vec<SiteStats> {
        let mut bodies: BTreeMap<&Origin, BTreeMap<_, u64>> = BTreeMap::new();
        for ((partition, _), record) in &self.records {
            if let Some(held) = self.bodies.get(&record.id) {
                bodies.entry(partition).or_default().insert(record.id, held.length);
            }
        }
        let site = |(origin, bodies): (&Origin, BTreeMap<_, u64>)| SiteStats {
            site: origin.as_str().to_owned(),
            bodies: bodies.len(),
            bytes: bodies.values().sum(),
        };
        bodies.into_iter().map(site).collect()
    }

    /// Forgets what is kept for one site, but for bodies that another one loads, too.
    pub fn clear_site(&mut self, site: &Origin) -> Output {
        let mut rows = Vec::new();
        let mut ids = BTreeSet::new();
        self.records.retain(|(partition, url), record| {
            if partition == site {
                rows.push(Row::Record(row_key(partition, url), None));
                ids.insert(record.id);
            }
            partition != site
        });
        self.profiles.retain(|page, _| {
            let stays = page.origin() != *site;
            if !stays {
                rows.push(Row::Profile(page.as_str().to_owned(), None));
                rows.push(Row::Ready(page.as_str().to_owned(), None));
            }
            stays
        });
        let drop: Vec<_> = ids.into_iter().filter(|id| self.records_of(*id).next().is_none()).collect();
        for id in &drop {
            self.release(*id);
        }
        Output::Store { body: None, rows, drop }
    }
}

#[cfg(test)]
mod tests {
    use slipstream_wire::peer::{Corp, Kind};

    use super::*;
    use crate::{
        address::Url,
        body::Verified,
        profile::{Profile, ProfileFacts},
        record::{Capture, Mime, Record, Source},
    };

    fn origin(host: &str) -> Origin {
        Url::parse(&format!("https://{host}/")).unwrap().origin()
    }

    fn file(shelf: &mut Shelf, host: &str, path: &str, body: &Verified) {
        let url = Url::parse(&format!("https://{host}/{path}")).unwrap();
        let record = Record {
            url: url.clone(),
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
        };
        shelf.file(&origin(host), record, body, 1_000, 1);
        let page = Url::parse(&format!("https://{host}/")).unwrap();
        let profile = Profile { page, facts: ProfileFacts::default(), resources: vec![url], visited: 1 };
        shelf.file_profile(profile, None);
    }

    #[test]
    fn one_site_is_forgotten_and_the_others_keep_what_they_have() {
        let mut shelf = Shelf::default();
        let (own, common) = (Verified::captured(vec![1; 10]), Verified::captured(vec![2; 20]));
        file(&mut shelf, "a-b.com", "own", &own);
        file(&mut shelf, "a-b.com", "common", &common);
        file(&mut shelf, "c-d.com", "common", &common);
        let kept: Vec<_> = shelf.by_site().into_iter().map(|s| (s.site, s.bodies, s.bytes)).collect();
        assert_eq!(kept, [("https://a-b.com".to_owned(), 2, 30), ("https://c-d.com".to_owned(), 1, 20)]);
        let Output::Store { body: None, rows, drop } = shelf.clear_site(&origin("a-b.com")) else {
            panic!("one transaction")
        };
        assert_eq!((rows.len(), drop), (4, vec![own.id()]));
        assert_eq!(shelf.size(), (1, 20));
        assert_eq!(shelf.by_site().len(), 1);
        assert_eq!(shelf.profiles().count(), 1);
    }
}
