//! Inputs and outputs of the engine: the whole of what it knows of the world, and of what it wants from it.

use serde::Serialize;
use slipstream_wire::peer::Kind;

use crate::{
    address::Url,
    body::{ContentId, Verified},
    fact::{Fact, PageFact, Tab},
    ledger::Ledger,
    settings::IceServer,
    shelf::Row,
};

/// The shell's number for a page that opened a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId(pub u32);

/// The core's number for one connection to a peer, from introduction to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u32);

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The service worker tells something.
    Fact(Fact),
    /// A content script opened its port.
    PageOpened {
        /// The shell's number for it.
        page: PageId,
        /// The tab it lives in.
        tab: Tab,
        /// The document's URL.
        url: String,
    },
    /// A content script tells something.
    Page {
        /// Which.
        page: PageId,
        /// What.
        fact: PageFact,
    },
    /// A content script read a body from the page's cache, or could not.
    Harvested {
        /// Which.
        page: PageId,
        /// As it was asked for.
        url: String,
        /// The body.
        bytes: Option<Vec<u8>>,
    },
    /// The page is gone.
    PageClosed {
        /// Which.
        page: PageId,
    },
    /// A body was read from the shelf, or is not there.
    Read {
        /// Under which name.
        id: ContentId,
        /// What lay there. It is checked before it is used.
        bytes: Option<Vec<u8>>,
    },
    /// A body and its row could not be written.
    StoreFailed {
        /// Which body.
        id: ContentId,
    },
    /// The socket to the introduction server is open.
    SocketOpen,
    /// A message came from the server.
    SocketMessage(Vec<u8>),
    /// The socket is closed, or could not be opened.
    SocketClosed,
    /// The browser made its description of a connection.
    Described {
        /// Which.
        conn: ConnId,
        /// As the browser wrote it.
        sdp: String,
    },
    /// The browser found a way to be reached.
    Candidate {
        /// Which connection.
        conn: ConnId,
        /// The candidate line.
        line: String,
    },
    /// The data channel is open.
    ChannelOpen {
        /// Which.
        conn: ConnId,
        /// Longest message it takes, in bytes.
        max_message: u32,
    },
    /// A frame came.
    Frame {
        /// From where.
        conn: ConnId,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// The channel's queue has run low.
    Drained {
        /// Which.
        conn: ConnId,
    },
    /// The channel or its connection has ended.
    ChannelClosed {
        /// Which.
        conn: ConnId,
    },
    /// The time that [`crate::Engine::next_wake`] named has come.
    Wake,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// For the service worker.
    Worker(ToWorker),
    /// For a content script.
    Page {
        /// Which.
        page: PageId,
        /// What.
        message: ToPage,
    },
    /// Read a body; the answer is [`Input::Read`].
    Read {
        /// Which.
        id: ContentId,
    },
    /// Write rows, and bodies before the rows that name them, in one transaction.
    Store {
        /// A new body.
        body: Option<Verified>,
        /// Rows to write or to delete.
        rows: Vec<Row>,
        /// Bodies to delete.
        drop: Vec<ContentId>,
    },
    /// Empty the database.
    Wipe,
    /// Open the socket to the introduction server.
    SocketOpen {
        /// Where.
        url: String,
    },
    /// Send to the server.
    SocketSend(Vec<u8>),
    /// Close the socket.
    SocketClose,
    /// Make a connection and describe it: as an offer, or as an answer to `remote`.
    Connect {
        /// The number to call it by.
        conn: ConnId,
        /// The other side's offer, rebuilt.
        remote: Option<String>,
        /// Where to learn one's own address, and through whom to relay.
        servers: Vec<IceServer>,
        /// Through relays only.
        relay_only: bool,
    },
    /// The other side's answer, rebuilt.
    Answered {
        /// Which.
        conn: ConnId,
        /// The description.
        remote: String,
    },
    /// The other side can be reached this way.
    AddCandidate {
        /// Which connection.
        conn: ConnId,
        /// The candidate line, rebuilt.
        line: String,
    },
    /// Send a frame.
    Send {
        /// To whom.
        conn: ConnId,
        /// All of it.
        frame: Vec<u8>,
    },
    /// End a connection; no [`Input::ChannelClosed`] is needed for it.
    Close {
        /// Which.
        conn: ConnId,
    },
}

/// What the service worker is to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ToWorker {
    /// Install or remove rules of one tab. Answered by [`Fact::Applied`].
    Rules {
        /// Where.
        tab: Tab,
        /// Which update this is.
        serial: u32,
        /// The document that they are for.
        page: Url,
        /// Redirect to verified bytes (L1).
        serve: Vec<Serve>,
        /// End these image requests; the content script brings the bytes (L3).
        hold: Vec<Url>,
        /// The page's policy forbids `data:`: end requests at a packaged file instead (facts S82).
        gated: bool,
        /// Rules for these URLs are not needed any more.
        drop: Vec<Url>,
        /// Allow one read of each from the page's own cache (facts S54).
        nonces: Vec<Nonce>,
    },
    /// This site's pages may be held in the future: let the content script know before their first byte.
    Expect {
        /// Of the pages.
        host: String,
    },
    /// Tell what was seen of this tab's requests. Answered by [`Fact::Reported`].
    Report {
        /// Where.
        tab: Tab,
    },
    /// Any page may be held from now on, and not only those of hosts that were named by [`Self::Expect`].
    Attend,
    /// Keep this for the next engine.
    Keep {
        /// All of it.
        ledger: Box<Ledger>,
    },
    /// So many files of a tab's load were not downloaded.
    Count {
        /// Where.
        tab: Tab,
        /// How many.
        count: u64,
    },
    /// The next load of these sites is to be left to the network: no plan that is ready is to be used.
    Rest {
        /// Their origins.
        sites: Vec<String>,
    },
    /// Pages of this host are never to be touched by rules: a policy in `<meta>`, or a service worker.
    Gate {
        /// Of the pages.
        host: String,
    },
}

/// One body to serve by rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Serve {
    /// Which request to answer.
    pub url: Url,
    /// What kind of request.
    pub kind: Kind,
    /// Content-Type to give it, exactly as recorded.
    pub content_type: String,
    /// The content id in hexadecimal: the service worker's key for `bytes` of a ready plan.
    pub id: String,
    /// Until when it may be served, in seconds since the epoch.
    pub until: u64,
    /// The bytes; nothing in a ready plan, whose bodies lie on the shelf.
    #[serde(skip)]
    pub body: Option<Verified>,
}

/// A one-use name for reading a body from the page's cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Nonce {
    /// Of the body.
    pub url: Url,
    /// Fragment to be put behind the URL.
    pub nonce: String,
    /// The `Accept` to ask with, where the answer depends on it: with another one the cache would not know it, and the
    /// origin would send what nobody was shown.
    pub accept: Option<String>,
}

/// One image that is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Of the image.
    pub url: Url,
    /// A load with CORS, but without credentials, would pass at the origin.
    pub open: bool,
}

/// What a content script is to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ToPage {
    /// These images are on their way.
    Plan {
        /// To be confirmed by [`PageFact::Planned`]: only then are requests ended that the page has not asked for yet.
        serial: u32,
        /// Which.
        hold: Vec<Held>,
        /// Without news for so long, all that is still waited for goes to the origin, in ms.
        silence: u64,
        /// The load event is held back no longer than this, in ms.
        cap: u64,
        /// Tell what the document is like as soon as it is parsed, too: others may be loading it just now.
        early: bool,
    },
    /// One of them is here.
    Body {
        /// Which.
        url: Url,
        /// Content-Type, exactly as recorded.
        content_type: String,
        /// The bytes.
        #[serde(skip)]
        body: Verified,
    },
    /// One of them is not coming.
    Miss {
        /// Which.
        url: Url,
    },
    /// Read these from the page's cache.
    Harvest {
        /// With the fragment to use, empty where none is needed.
        items: Vec<Nonce>,
        /// So many at once.
        parallel: usize,
    },
}
