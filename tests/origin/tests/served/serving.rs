//! Both protocols, what they answer, and what the books say.

use slipstream_origin::{Link, Origin, OriginConfig, Protocol, Site};

use crate::client::{Client, H1, H2, LIMIT, site, start};

#[tokio::test]
async fn each_host_speaks_its_protocol() {
    let origin =
        start(site().file(H1, "/index.html", "<p>one").file(H2, "/a.png", "two"), Link::UNSHAPED).await;
    let page = Client::connect(&origin, H1).await.get("/").await.expect("answer");
    let image = Client::connect(&origin, H2).await.get("/a.png?v=2").await.expect("answer");
    assert_eq!((page.status.as_u16(), &page.body[..]), (200, &b"<p>one"[..]));
    assert_eq!((image.status.as_u16(), &image.body[..]), (200, &b"two"[..]));
    assert_eq!(image.headers["content-type"], "image/png");
    assert!(image.headers.contains_key("date") && page.headers.contains_key("date"));
    let versions = origin.exchanges().into_iter().map(|exchange| exchange.version).collect::<Vec<_>>();
    assert_eq!(versions, ["HTTP/1.1", "HTTP/2.0"]);
}

#[tokio::test]
async fn counts_are_exact() {
    let picture = vec![1; 150_000];
    let site = site().file(H1, "/index.html", "<p>one").file(H2, "/a.png", picture);
    let origin = start(site, Link::UNSHAPED).await;
    let mut one = Client::connect(&origin, H1).await;
    let mut two = Client::connect(&origin, H2).await;
    one.get("/").await.expect("answer");
    let etag = two.get("/a.png").await.expect("answer").headers["etag"].clone();
    let tag = etag.to_str().expect("text");
    let second = two.get_with("/a.png", &[("if-none-match", tag), ("cookie", "a=1")]).await.expect("answer");
    assert_eq!((second.status.as_u16(), second.body.len()), (304, 0));
    assert_eq!(one.get("/none").await.expect("answer").status, 404);
    assert_eq!(one.ask("HEAD", "/", &[]).await.expect("answer").headers()["content-length"], "6");

    let counters = origin.counters();
    let image = counters.url(&format!("https://{H2}/a.png"));
    assert_eq!((image.requests, image.body_bytes, image.with_cookies), (2, 150_000, 1));
    assert_eq!(image.statuses.into_iter().collect::<Vec<_>>(), [(200, 1), (304, 1)]);
    assert_eq!(counters.of_type("image/").body_bytes, 150_000);
    let page = counters.url(&format!("https://{H1}/"));
    assert_eq!((page.requests, page.body_bytes), (2, 6));
    assert_eq!(counters.total().requests, 5);
    assert!(origin.exchanges().iter().all(|exchange| exchange.complete));

    origin.reset();
    assert_eq!(origin.counters().total().requests, 0);
    assert!(origin.exchanges().is_empty());
}

#[tokio::test]
async fn the_headers_that_tests_need_are_kept() {
    let origin = start(site().file(H2, "/a.js", "1"), Link::UNSHAPED).await;
    let headers = [("origin", "https://www.one-demo.com"), ("sec-fetch-dest", "script"), ("accept", "*/*")];
    Client::connect(&origin, H2).await.get_with("/a.js?x=1", &headers).await.expect("answer");
    let exchange = origin.exchanges().remove(0);
    assert_eq!(exchange.url, format!("https://{H2}/a.js?x=1"));
    assert_eq!((exchange.method.as_str(), exchange.path.as_str()), ("GET", "/a.js"));
    let kept = exchange.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    assert_eq!(
        kept.collect::<Vec<_>>(),
        [("accept", "*/*"), ("origin", "https://www.one-demo.com"), ("sec-fetch-dest", "script")]
    );
}

#[tokio::test]
async fn a_host_that_lives_elsewhere_is_misdirected() {
    let origin = start(site(), Link::UNSHAPED).await;
    let mut client = Client::connect(&origin, H1).await;
    let uri = format!("https://{H2}/");
    assert_eq!(client.get(&uri).await.expect("answer").status, 421);
}

#[tokio::test]
async fn hosts_of_one_link_and_protocol_share_a_listener() {
    let page = "https://a.demo.com/";
    let names = ["a.demo.com", "b.demo.com", "c.demo.com"];
    let site = names.iter().fold(Site::builder(page), |site, name| site.host(name, Protocol::Http2));
    let config = OriginConfig::new()
        .link("near", Link::UNSHAPED)
        .link("far", Link::mbit(5.0, LIMIT))
        .site(site.build().expect("good site"), "near")
        .host_on("c.demo.com", "far");
    let origin = Origin::start(config).await.expect("origin starts");
    let [a, b, c] = names.map(|name| origin.address(name).expect("known"));
    assert!(a == b && a != c);
    assert_eq!(
        origin.resolver_rules(),
        format!("MAP a.demo.com:443 {a}, MAP b.demo.com:443 {b}, MAP c.demo.com:443 {c}")
    );
    assert_eq!(origin.pages(), [page]);
    assert_eq!(origin.spki().len(), 44);
}

#[tokio::test]
async fn a_dropped_origin_is_gone() {
    let origin = start(site().file(H1, "/a.txt", "a"), Link::UNSHAPED).await;
    let address = origin.address(H1).expect("known");
    let mut client = Client::connect(&origin, H1).await;
    client.get("/a.txt").await.expect("answer");
    origin.shutdown().await;
    client.closed().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
