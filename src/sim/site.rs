//! Sites: pages and their resources, with bytes made from their addresses.

use std::rc::Rc;

use slipstream_wire::peer::Kind;

/// A document and what it loads.
#[derive(Clone, Debug)]
pub struct Page {
    /// Serialised, without fragment.
    pub url: String,
    /// Response fields of the document.
    pub headers: Vec<(String, String)>,
    /// Length of the document itself, in bytes.
    pub length: u64,
    /// There is a policy in `<meta>`.
    pub meta_csp: bool,
    /// A service worker controls it.
    pub service_worker: bool,
    /// It has a field for a password or a card.
    pub sensitive: bool,
    /// In the order in which they are asked for.
    pub resources: Vec<Resource>,
}

/// A subresource, as its origin serves it.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Serialised, without fragment.
    pub url: String,
    /// How the page asks for it.
    pub kind: Kind,
    /// `Content-Type`.
    pub content_type: String,
    /// Response fields but `Content-Type` and `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The request carries a cookie.
    pub cookie: bool,
    /// A worker asks for it, which to an extension looks like a script of the document.
    pub by_worker: bool,
    /// The body.
    pub bytes: Rc<[u8]>,
}

impl Page {
    /// A document of 20 kB that loads nothing yet.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            headers: Vec::new(),
            length: 20_000,
            meta_csp: false,
            service_worker: false,
            sensitive: false,
            resources: Vec::new(),
        }
    }

    /// The same page with one more response field.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same page with one more resource.
    #[must_use]
    pub fn with(mut self, resource: Resource) -> Self {
        self.resources.push(resource);
        self
    }

    /// Bytes of all its resources.
    pub fn resource_bytes(&self) -> u64 {
        self.resources.iter().map(Resource::length).sum()
    }

    /// The host of its address.
    pub fn host(&self) -> &str {
        host_of(&self.url)
    }
}

impl Resource {
    /// A resource that everybody may keep for a day. The same address and `version` have the same bytes in every world.
    pub fn new(url: &str, kind: Kind, length: usize, version: u64) -> Self {
        let content_type = match kind {
            Kind::Image | Kind::Detached => "image/png",
            Kind::Font => "font/woff2",
            Kind::Script => "text/javascript",
        };
        let fresh = ("cache-control".to_owned(), "public, max-age=86400".to_owned());
        Self {
            url: url.to_owned(),
            kind,
            content_type: content_type.to_owned(),
            headers: vec![fresh],
            cookie: false,
            by_worker: false,
            bytes: body(url, kind, length, version).into(),
        }
    }

    /// The same resource with one more response field.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Length of the body, in bytes.
    pub fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Whether a page's own script could read it.
    pub(crate) fn readable_from(&self, page: &str) -> bool {
        let open = |(name, value): &(String, String)| name == "access-control-allow-origin" && value == "*";
        host_of(&self.url) == host_of(page) || self.headers.iter().any(open)
    }
}

/// A page of pictures, 60 kB each, and nothing else. `origin` is serialised, without a slash at its end.
pub fn gallery(origin: &str, pictures: usize) -> Rc<Page> {
    let mut page = Page::new(&format!("{origin}/gallery"));
    for n in 0..pictures {
        page = page.with(Resource::new(&format!("{origin}/img/photo-{n}.png"), Kind::Image, 60_000, 0));
    }
    Rc::new(page)
}

/// A page as the web has them: a script, two fonts from a host of fonts that lets everybody read them, backgrounds,
/// large and small pictures, and some pictures from a host that lets nobody read them. Pages of the same origin with
/// different names share all but the pictures.
pub fn article(origin: &str, name: &str) -> Rc<Page> {
    let own = |path: &str, kind, length| Resource::new(&format!("{origin}/{path}"), kind, length, 0);
    let elsewhere = |host: &str, path: &str, kind, length| {
        Resource::new(&format!("https://{host}/{path}"), kind, length, 0)
    };
    let mut page = Page::new(&format!("{origin}/{name}"))
        .with(own("static/app.js", Kind::Script, 90_000))
        .with(
            elsewhere("fonts.type-demo.com", "text.woff2", Kind::Font, 45_000)
                .with_header("access-control-allow-origin", "*"),
        )
        .with(
            elsewhere("fonts.type-demo.com", "bold.woff2", Kind::Font, 48_000)
                .with_header("access-control-allow-origin", "*"),
        )
        .with(own("static/paper.png", Kind::Detached, 30_000))
        .with(own("static/logo.png", Kind::Image, 9_000));
    for (n, length) in
        [240_000, 160_000, 120_000, 90_000, 60_000, 40_000, 12_000, 6_000].into_iter().enumerate()
    {
        page = page.with(own(&format!("{name}/photo-{n}.png"), Kind::Image, length));
    }
    for n in 0..3 {
        let path = format!("{name}/from-elsewhere-{n}.png");
        page = page.with(elsewhere("img.cdn-demo.com", &path, Kind::Image, 50_000));
    }
    Rc::new(page)
}

/// What a news site shows first: pictures of 5 to 60 kB, a font that anybody may read, and a script. About 300 kB: a third
/// of the images' weight on the median page of 2024 (HTTP Archive, Web Almanac 2024, page weight), so that ten thousand
/// of them fit a machine.
pub fn front_page(origin: &str) -> Rc<Page> {
    let mut page = Page::new(&format!("{origin}/front"))
        .with(Resource::new(&format!("{origin}/static/news.js"), Kind::Script, 40_000, 0))
        .with(
            Resource::new(&format!("{origin}/static/head.woff2"), Kind::Font, 30_000, 0)
                .with_header("access-control-allow-origin", "*"),
        );
    for (n, length) in
        [60_000, 50_000, 40_000, 30_000, 25_000, 20_000, 15_000, 10_000, 5_000, 5_000].into_iter().enumerate()
    {
        page = page.with(Resource::new(&format!("{origin}/img/{n}.png"), Kind::Image, length, 0));
    }
    Rc::new(page)
}

/// One of many pages of a site: a logo, a font and a script that it shares with the others, and pictures of its own,
/// about 120 kB.
pub fn small_page(origin: &str, number: u64) -> Rc<Page> {
    let own = |path: &str, kind, length| Resource::new(&format!("{origin}/{path}"), kind, length, 0);
    let mut page = Page::new(&format!("{origin}/page-{number}"))
        .with(own("static/site.js", Kind::Script, 30_000))
        .with(own("static/text.woff2", Kind::Font, 25_000).with_header("access-control-allow-origin", "*"))
        .with(own("static/logo.png", Kind::Image, 8_000));
    for (n, length) in [50_000, 30_000, 20_000, 12_000, 8_000].into_iter().enumerate() {
        page = page.with(own(&format!("img/{number}-{n}.png"), Kind::Image, length));
    }
    Rc::new(page)
}

fn host_of(url: &str) -> &str {
    url.trim_start_matches("https://").split('/').next().unwrap_or_default()
}

/// Bytes that begin as their type does, and go on at random.
fn body(url: &str, kind: Kind, length: usize, version: u64) -> Vec<u8> {
    let magic: &[u8] = match kind {
        Kind::Image | Kind::Detached => b"\x89PNG\r\n\x1a\n",
        Kind::Font => b"wOF2",
        Kind::Script => b"'use strict';\n//",
    };
    // FNV-1a, then xorshift64: quick, and the same everywhere.
    let mut state = url.bytes().fold(0xcbf2_9ce4_8422_2325_u64 ^ version, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    bytes.extend_from_slice(magic);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // A script is text: no zero, no line that ends.
        let word = if kind == Kind::Script {
            (state & 0x0707_0707_0707_0707) | 0x6060_6060_6060_6060
        } else {
            state
        };
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_address_and_version_have_the_same_bytes_and_others_have_others() {
        let of = |url, version| Resource::new(url, Kind::Image, 5_000, version).bytes;
        assert_eq!(of("https://a-b.com/1", 0), of("https://a-b.com/1", 0));
        assert_ne!(of("https://a-b.com/1", 0), of("https://a-b.com/1", 1));
        assert_ne!(of("https://a-b.com/1", 0), of("https://a-b.com/2", 0));
        assert_eq!(of("https://a-b.com/1", 0).len(), 5_000);
    }
}
