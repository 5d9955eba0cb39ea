//! Page profiles: what a page asked for last time, in which order, and what was seen of the page itself.

use serde::{Deserialize, Serialize};
use slipstream_wire::peer::PageFacts;

use crate::address::Url;

/// What a visit taught about one page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The document, without fragment.
    pub page: Url,
    /// What was seen of it.
    pub facts: ProfileFacts,
    /// Subresources in the order of their loading; each has a record in the page's partition.
    pub resources: Vec<Url>,
    /// When it was last visited, in seconds since the epoch.
    pub visited: u64,
}

/// What a visit taught about the document itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileFacts {
    /// A policy, or a report-only one, stood in its header.
    pub header_csp: bool,
    /// A policy stood in `<meta>`.
    pub meta_csp: bool,
    /// A service worker controlled it.
    pub service_worker: bool,
    /// It had a field for a password or a card: nothing of it is shared.
    pub sensitive: bool,
}

impl ProfileFacts {
    /// Whether rules that carry bytes would break something on this page, or be void.
    pub const fn forbids_rules(self) -> bool {
        self.header_csp || self.meta_csp || self.service_worker
    }
}

impl From<PageFacts> for ProfileFacts {
    fn from(PageFacts { header_csp, meta_csp, service_worker }: PageFacts) -> Self {
        Self { header_csp, meta_csp, service_worker, sensitive: false }
    }
}

impl From<ProfileFacts> for PageFacts {
    fn from(ProfileFacts { header_csp, meta_csp, service_worker, .. }: ProfileFacts) -> Self {
        Self { header_csp, meta_csp, service_worker }
    }
}
