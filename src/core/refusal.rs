//! Every reason for leaving something to the network, by name. The popup shows them.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// Why a request, a body or a page was left alone.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Refusal {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl Refusal {
            /// Every refusal, so that a test can demand a sentence for each.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name, as it stands in statistics and in the catalogue of texts.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

refusals! {
    /// E01: switched off, everywhere or for this site.
    Off = "off",
    /// E02: not the top frame of an ordinary, active document.
    Frame = "frame",
    /// E03, E04: not https.
    Scheme = "scheme",
    /// E04: a port, user information, or characters that a rule cannot express.
    UrlForm = "url_form",
    /// E03, E04: not a public host name, or an answer from a private address.
    PrivateHost = "private_host",
    /// E03: the site said `Slipstream: none`.
    SiteOptOut = "site_opt_out",
    /// E05: a type of request that is never touched.
    RequestType = "request_type",
    /// E05: a service worker controls the page.
    ServiceWorker = "service_worker",
    /// E06: the user asked for the page anew.
    Reload = "reload",
    /// E07: nobody whose word suffices says what the bytes are.
    NoSource = "no_source",
    /// E08: not a plain, complete 200.
    Status = "status",
    /// E09: a header field that forbids keeping or repeating the answer.
    HeaderForbids = "header_forbids",
    /// E10: the type is not handled, or the bytes are not of the type.
    ContentType = "content_type",
    /// E11: empty, or larger than the cap of its type or route.
    Size = "size",
    /// E12: the page's policy, or the resource's, does not admit a substitute.
    Policy = "policy",
    /// E13: the page could not have read these bytes itself.
    Taint = "taint",
    /// E14: the answer varies by something that is not known to be equal.
    Vary = "vary",
    /// E15: the bytes may be meant for another user.
    Credentials = "credentials",
    /// E16: no longer fresh.
    Stale = "stale",
    /// E19: the page asks for a password or a card.
    SensitivePage = "sensitive_page",
    /// E20: not for shared caches.
    NotShared = "not_shared",
    /// E22: the address carries a signature or a token.
    SignedUrl = "signed_url",
    /// E24: smaller than what is worth a transfer.
    Small = "small",
    /// §7.2: scripts or other types switched off in the settings.
    TypeOff = "type_off",
    /// §2.2: a script may not be believed on a group member's word.
    ScriptSource = "script_source",
    /// The script may ask for others relative to its own address, which a substitute does not have.
    NotSelfContained = "not_self_contained",
    /// Nobody was there to wait for the image: the content script comes too late for it on this visit.
    Unattended = "unattended",
    /// The page's cache no longer had the body.
    HarvestEmpty = "harvest_empty",
    /// The store is full of bodies that are used more.
    ShelfFull = "shelf_full",
    /// A stored body was not what it was when it was stored; it was thrown away.
    ShelfCorrupt = "shelf_corrupt",
    /// No peer had it.
    NoPeer = "no_peer",
    /// A peer that had it was too slow, or went away.
    PeerLate = "peer_late",
    /// A peer sent wrong bytes.
    PeerWrong = "peer_wrong",
    /// The budget of rules or bytes of this page was used up.
    Budget = "budget",
    /// This load is left to the network on purpose, to compare the others with.
    HoldOut = "hold_out",
    /// Loads of this site were slower with help than without, or failed more: it is left alone for a day.
    NoGain = "no_gain",
    /// A battery, network, visibility or upload policy says no.
    Paused = "paused",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_refusals_share_a_name() {
        let mut names: Vec<_> = Refusal::ALL.iter().map(|r| r.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Refusal::ALL.len());
    }
}
