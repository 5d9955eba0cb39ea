//! Two plain sites for journeys that are not about the forms of images.

use slipstream_stage::{Fault, Protocol, Site};

use crate::noise;

/// Host of the shop.
pub const SHOP: &str = "www.shop-demo.com";

/// In a page of the extension: all rules of a second visit to the shop are in force. They are two that hold the larger
/// images, the way to the origin past these, and the small one's bytes.
pub const SHOP_IS_PLANNED: &str =
    "chrome.declarativeNetRequest.getSessionRules().then((rules) => rules.length >= 4)";

/// A page of two larger images and a small one, with these header fields on its page. There is a second page at `/second.html`.
///
/// # Errors
/// A header cannot be sent.
pub fn shop(headers: &[(&str, &str)]) -> Result<Site, Fault> {
    let page = include_str!("shop.html");
    let mut site = Site::builder(format!("https://{SHOP}/"))
        .host(SHOP, Protocol::Http2)
        .file(SHOP, "/index.html", page)
        .file(SHOP, "/second.html", page.replace("Shop", "Second"))
        .file(SHOP, "/a.png", noise(200, 150, "a"))
        .file(SHOP, "/b.png", noise(160, 120, "b"))
        .file(SHOP, "/small.png", noise(40, 30, "small"))
        .header(SHOP, "*.png", "cache-control", Some("public, max-age=31536000"));
    for (name, value) in headers {
        site = site.header(SHOP, "/", name, Some(value));
    }
    Ok(site.build()?)
}

/// A page of twenty-four images, two megabytes together: enough to be disturbed while it is on its way.
///
/// # Errors
/// None in practice; the site's names are fixed.
pub fn album() -> Result<Site, Fault> {
    let names: Vec<_> = (1..=24).map(|number| format!("picture-{number}.png")).collect();
    let images: String =
        names.iter().map(|name| format!("<img id=\"{name}\" src=\"{name}\" alt=\"\">\n")).collect();
    let page =
        include_str!("shop.html").replace("Shop", "Album").replace("</h1>", &format!("</h1>\n{images}"));
    let mut site = Site::builder(format!("https://{SHOP}/"))
        .host(SHOP, Protocol::Http2)
        .file(SHOP, "/index.html", page)
        .header(SHOP, "*.png", "cache-control", Some("public, max-age=31536000"));
    for name in names.iter().map(String::as_str).chain(["a.png", "b.png", "small.png"]) {
        site = site.file(SHOP, &format!("/{name}"), noise(200, 150, name));
    }
    Ok(site.build()?)
}
