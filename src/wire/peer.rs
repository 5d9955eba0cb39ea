//! Browser to browser: control messages of a data channel, each in one control frame.

use serde::{Deserialize, Serialize};

use crate::id::{Digest, PeerId, Salt, Tag};

/// Most entries of one page profile that travel.
pub const MAX_ENTRIES: usize = 512;
/// Longest control message, in bytes: one frame's payload. A long profile goes in several messages.
pub const MAX_MESSAGE: usize = crate::frame::MAX_PAYLOAD;
/// Most names in one [`Message::Others`]: a group's channels (SECURITY.md §5.2).
pub const MAX_OTHERS: usize = 16;
/// Longest sealed signal that a browser forwards, in bytes: a description of 2 KiB (SECURITY.md §5.3), sealed.
pub const MAX_FORWARD: usize = 2_560;
/// Longest URL in an entry, in bytes (SECURITY.md E04).
pub const MAX_URL: usize = 2048;

/// A control message. The asker numbers its questions; answers carry the number back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Message {
    /// First on the channel, from both sides. From the offerer it proves the channel (SECURITY.md §2.9, CONFIRM).
    #[serde(rename = "h")]
    Hello {
        /// [`crate::VERSION`] of the sender.
        version: u16,
        /// Largest chunk that the sender of this message can take, in bytes.
        chunk: u32,
        /// The sender's half of the salt of ask tags.
        salt: Salt,
        /// The sender's name among its peers: random, and new at each start. By it two channels between the same browsers
        /// are noticed, and browsers that are not connected are reached through one that is connected to both.
        node: PeerId,
        /// MAC over the transcript of the introduction, by the group's key.
        #[serde(with = "serde_bytes")]
        confirm: Vec<u8>,
    },
    /// "What does this page load?"
    #[serde(rename = "p")]
    AskPage {
        /// The asker's number for this question.
        ask: u32,
        /// The page's blinded name.
        page: Tag,
        /// For how long the asker has been loading it, in ms: of two who do, the one ahead does not wait for the other.
        age: u32,
    },
    /// Answer to [`Message::AskPage`]; parts come in order.
    #[serde(rename = "q")]
    Page {
        /// The number of the question.
        ask: u32,
        /// What was seen of the page itself.
        facts: PageFacts,
        /// Some of its subresources, in the order of their loading.
        entries: Vec<Entry>,
        /// Whether this was the last part.
        last: bool,
    },
    /// Answer to [`Message::AskPage`] from somebody who is loading that very page: parts of [`Message::Page`] follow as
    /// bodies arrive there, and more of this whenever there is news. Ends with the last part, or with
    /// [`Message::No`].
    #[serde(rename = "s")]
    Soon {
        /// The number of the question.
        ask: u32,
        /// Names, on this connection, of addresses whose bodies are on their way. At most [`MAX_ENTRIES`].
        coming: Vec<Tag>,
        /// Names of those that were on their way and turned out to be nothing that may be shared.
        off: Vec<Tag>,
    },
    /// "Send me this body."
    #[serde(rename = "w")]
    Want {
        /// The asker's number; chunks carry it.
        transfer: u32,
        /// The body's name on this connection.
        tag: Tag,
    },
    /// Answer to [`Message::Want`]: chunks follow.
    #[serde(rename = "b")]
    Begin {
        /// The number of the transfer.
        transfer: u32,
        /// Bytes that will be sent.
        length: u64,
        /// Whether what is sent is raw deflate of the body.
        deflated: bool,
    },
    /// Answer to [`Message::AskPage`] or [`Message::Want`]: no.
    #[serde(rename = "n")]
    No {
        /// The number of the question or transfer.
        ask: u32,
        /// Why.
        reason: No,
    },
    /// The asker does not need it any more.
    #[serde(rename = "c")]
    Cancel {
        /// The number of the transfer.
        transfer: u32,
    },
    /// Who else there is: those whom the sender has a channel to, or, in answer to [`Message::AskPage`], those among them
    /// who asked for that page themselves.
    #[serde(rename = "t")]
    Others {
        /// The number of the question; 0 where nobody asked.
        ask: u32,
        /// Their names among peers, at most [`MAX_OTHERS`].
        peers: Vec<PeerId>,
    },
    /// "Somebody whom I have a channel to asked me about this page": whoever asks the receiver next can be told.
    #[serde(rename = "g")]
    Asked {
        /// The page's blinded name.
        page: Tag,
        /// Who asked.
        node: PeerId,
    },
    /// A sealed signal for somebody whom the receiver, or a peer of its, has a channel to, or for the receiver itself.
    #[serde(rename = "f")]
    Forward {
        /// Who says it.
        from: PeerId,
        /// Whom it is for.
        to: PeerId,
        /// Whether it was forwarded before: twice at most.
        again: bool,
        /// Opaque to whoever forwards it, at most [`MAX_FORWARD`] bytes.
        #[serde(with = "serde_bytes")]
        payload: Vec<u8>,
    },
    /// "Are you there?"
    #[serde(rename = "i")]
    Ping {
        /// Comes back in the answer.
        nonce: u32,
    },
    /// "I am."
    #[serde(rename = "o")]
    Pong {
        /// Of the ping.
        nonce: u32,
    },
}

/// Why a peer does not give what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum No {
    /// It does not have it, or may not offer it; which of the two is not told.
    #[serde(rename = "u")]
    Unknown,
    /// All its uploads are taken.
    #[serde(rename = "b")]
    Busy,
    /// A policy or a limit forbids sending now.
    #[serde(rename = "p")]
    Paused,
}

/// What a member saw of a page itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageFacts {
    /// The page came with a content security policy, or a report-only one, in its header.
    pub header_csp: bool,
    /// The page carries a policy in `<meta>`.
    pub meta_csp: bool,
    /// A service worker controls the page.
    pub service_worker: bool,
}

/// One subresource of a page, with the record that a group member makes of it (SECURITY.md §2.9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Serialised, without fragment, at most [`MAX_URL`] bytes.
    pub url: String,
    /// What asked for it: see [`Kind`].
    pub kind: Kind,
    /// Content-Type as the origin sent it.
    pub mime: String,
    /// Length of the body in bytes.
    pub length: u64,
    /// SHA-256 of the body.
    pub digest: Digest,
    /// `Access-Control-Allow-Origin` was `*`.
    pub acao_any: bool,
    /// `Cross-Origin-Resource-Policy`, as far as it matters here.
    pub corp: Corp,
    /// When the origin answered, in seconds since the epoch.
    pub fetched: u64,
    /// Until when it is fresh, in seconds since the epoch.
    pub fresh_until: u64,
    /// The response was marked `immutable`.
    pub immutable: bool,
    /// The response varied by `Accept`: bytes are for this set of image types.
    pub accept: Option<u8>,
}

/// How a page asks for a subresource. It decides the layer, never the trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// An `<img>` that the parser made: can be held and swapped.
    #[serde(rename = "i")]
    Image,
    /// Any other image: a background, a poster, a detached element.
    #[serde(rename = "d")]
    Detached,
    /// A font.
    #[serde(rename = "f")]
    Font,
    /// A script.
    #[serde(rename = "s")]
    Script,
}

/// `Cross-Origin-Resource-Policy` of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Corp {
    /// No such field.
    #[default]
    #[serde(rename = "n")]
    Absent,
    /// `cross-origin`.
    #[serde(rename = "c")]
    CrossOrigin,
    /// `same-site`.
    #[serde(rename = "s")]
    SameSite,
    /// `same-origin`, or a value that is not known.
    #[serde(rename = "o")]
    SameOrigin,
}
