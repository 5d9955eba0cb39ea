//! Browser to browser: control messages of a data channel, each in one control frame.

use serde::{Deserialize, Serialize};

use crate::id::{Digest, Salt, Tag};

/// Most entries of one page profile that travel.
pub const MAX_ENTRIES: usize = 512;
/// Longest control message, in bytes: one frame's payload. A long profile goes in several messages.
pub const MAX_MESSAGE: usize = crate::frame::MAX_PAYLOAD;
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
