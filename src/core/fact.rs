//! What happened, as the browser tells it. These shapes are the vocabulary of service worker and content script.

use serde::Deserialize;

use crate::{headers::Headers, ledger::Ledger, policy::Speed, settings::Settings};

/// A tab's number, as the browser gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(transparent)]
pub struct Tab(pub i32);

/// A fact from the service worker. There it is an object of its fields and of `type`, the variant's name; for serde it
/// is the usual pair of name and fields, which costs a tenth of the code, and the shell makes the one into the other.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Fact {
    /// The settings, at start and at each change.
    Settings {
        /// All of them.
        settings: Box<Settings>,
    },
    /// What the browser estimates of the network.
    Link {
        /// Round trip in ms.
        rtt: f64,
        /// Downlink in Mbit/s.
        downlink: f64,
    },
    /// What was kept of the engine before this one.
    Ledger {
        /// All of it.
        ledger: Box<Ledger>,
    },
    /// The battery; not told where there is none.
    Battery {
        /// From 0 to 1.
        level: f64,
        /// It is being charged, or full and plugged in.
        charging: bool,
    },
    /// What the browser says of the way to the internet.
    Network {
        /// It is a cellular one.
        cellular: bool,
        /// The user asked the browser to save data.
        save_data: bool,
        /// `effectiveType`, where it is one of the known.
        speed: Option<Speed>,
    },
    /// Whether anybody looks.
    Presence {
        /// No window can be seen.
        hidden: bool,
        /// Nobody is at the machine.
        idle: bool,
    },
    /// The machine.
    Device {
        /// A telephone, or one with little memory.
        small: bool,
        /// Bytes that the browser may still store.
        free: f64,
    },
    /// A main-frame request is about to leave.
    Navigate {
        /// Where.
        tab: Tab,
        /// Whereto, as the browser serialises it.
        url: String,
        /// The tab shows this very URL now: the user may want it anew (SECURITY.md §3.5).
        reload: bool,
        /// The content script will be there before the document's first element: its images can be held.
        attended: bool,
    },
    /// The head of the document's response.
    Head {
        /// Where.
        tab: Tab,
        /// Of the document.
        url: String,
        /// HTTP status.
        status: u16,
        /// Response fields.
        headers: Headers,
    },
    /// A subresource that a rule of ours answered is being asked for.
    Substituted {
        /// Where.
        tab: Tab,
        /// Of the subresource.
        url: String,
    },
    /// Subresources were loaded from the network or the browser's cache.
    Responses {
        /// In the order of their ends.
        responses: Vec<Response>,
    },
    /// All responses that this tab has had by now were told.
    Reported {
        /// Where.
        tab: Tab,
    },
    /// An update of rules is carried out.
    Applied {
        /// Where.
        tab: Tab,
        /// Which, as in [`crate::port::ToWorker::Rules`].
        serial: u32,
    },
    /// A tab was closed.
    TabClosed {
        /// Which.
        tab: Tab,
    },
    /// The user wants one site forgotten.
    ClearSite {
        /// Any address of it.
        site: String,
    },
    /// The user wants everything forgotten.
    Clear,
}

/// One response to a page's request, as `webRequest` shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// Where.
    pub tab: Tab,
    /// Of the resource.
    pub url: String,
    /// `details.type`.
    pub request_type: String,
    /// Request method.
    pub method: String,
    /// HTTP status.
    pub status: u16,
    /// The browser's own cache answered.
    pub from_cache: bool,
    /// It was redirected on the way.
    pub redirected: bool,
    /// Response fields.
    pub headers: Headers,
    /// Whether the request carried `Cookie`, where that was seen.
    pub cookie: Option<bool>,
    /// The request's `Accept`, where that was seen.
    pub accept: Option<String>,
    /// Address that answered.
    pub ip: Option<String>,
    /// The request came from the tab's top frame.
    pub top_frame: bool,
}

/// A fact from a page's content script, in the same form as [`Fact`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PageFact {
    /// What the document looks like; told when it is parsed and again when it is loaded.
    Seen {
        /// There is a policy in `<meta>`.
        meta_csp: bool,
        /// A service worker controls the page.
        service_worker: bool,
        /// There is a field for a password or a card.
        sensitive: bool,
        /// URLs that `<img>` elements of the parsed document chose.
        images: Vec<String>,
        /// URLs of scripts that its elements and modules asked for, and its workers did not.
        scripts: Vec<String>,
        /// The load event is over and the page has a moment to spare.
        loaded: bool,
    },
    /// Scripts that came after the load.
    Scripts {
        /// As in [`Self::Seen`].
        scripts: Vec<String>,
    },
    /// The page knows what is on its way.
    Planned {
        /// As in [`crate::port::ToPage::Plan`].
        serial: u32,
    },
    /// How long the page took.
    Took {
        /// From the navigation to its load event, in ms.
        ms: f64,
    },
    /// An image that was waited for is shown.
    Shown {
        /// As it was announced.
        url: String,
    },
    /// An image went to the origin after all: the page's own deadline, or the bytes would not do.
    FellBack {
        /// As it was announced.
        url: String,
    },
}
