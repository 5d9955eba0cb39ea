//! Records: "this URL had this content id, length, type and validators at this time", and who says so.

use serde::{Deserialize, Serialize};
use slipstream_wire::peer::{Corp, Kind};

use crate::{address::Url, body::ContentId};

/// What makes a record believable (SECURITY.md §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Source {
    /// A1: the page's own `integrity` attribute.
    #[serde(rename = "a1")]
    PageIntegrity,
    /// A4: this browser's own full answer from the origin.
    #[serde(rename = "a4")]
    OwnFetch,
    /// C3: a member of the group.
    #[serde(rename = "c3")]
    Group,
}

/// What type the origin gave the body, as far as Slipstream handles it (SECURITY.md E10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the types")]
#[non_exhaustive]
pub enum Mime {
    #[serde(rename = "avif")]
    Avif,
    #[serde(rename = "gif")]
    Gif,
    #[serde(rename = "jpeg")]
    Jpeg,
    #[serde(rename = "png")]
    Png,
    #[serde(rename = "svg")]
    Svg,
    #[serde(rename = "webp")]
    Webp,
    #[serde(rename = "otf")]
    Otf,
    #[serde(rename = "ttf")]
    Ttf,
    #[serde(rename = "woff")]
    Woff,
    #[serde(rename = "woff2")]
    Woff2,
    #[serde(rename = "js")]
    JavaScript,
}

/// How the bytes were had, and whether credentials were involved (SECURITY.md §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Capture {
    /// K2: from the page's cache, and the page's load carried no cookie.
    #[serde(rename = "k2")]
    PageClean,
    /// K2: from the page's cache, and the page's load carried a cookie, or that is not known.
    #[serde(rename = "k2c")]
    PageWithCookies,
    /// K3: from a peer, matched against a hash that was trusted before.
    #[serde(rename = "k3")]
    Peer,
}

/// One record. It is kept per partition (the top document's origin) and never leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Of the resource, without fragment.
    pub url: Url,
    /// How pages of this partition ask for it.
    pub kind: Kind,
    /// SHA-256 of the body.
    pub id: ContentId,
    /// Length of the body in bytes.
    pub length: u64,
    /// Exactly as the origin sent it: essence and parameters.
    pub content_type: String,
    /// The same, read.
    pub mime: Mime,
    /// Who says so.
    pub source: Source,
    /// How the bytes were had.
    pub capture: Capture,
    /// `Access-Control-Allow-Origin` was `*`.
    pub acao_any: bool,
    /// `Cross-Origin-Resource-Policy`.
    pub corp: Corp,
    /// Strong entity tag, if there was one.
    pub etag: Option<String>,
    /// The response was marked `immutable`.
    pub immutable: bool,
    /// The response varied by `Accept`; image types that the request accepted ([`crate::headers`]).
    pub accept: Option<u8>,
    /// When the origin answered, in seconds since the epoch.
    pub fetched: u64,
    /// Until when a private cache may use it, in seconds since the epoch.
    pub fresh_until: u64,
    /// Until when a shared cache may use it; 0 where the response was not for shared caches.
    pub shared_until: u64,
    /// The answer came from an address that everyone can reach, or a proxy.
    pub public_address: bool,
}
