//! Nobody but the origin hears of this browser before sharing is switched on.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use serde_json::json;
use slipstream_journeys::{Socket, SocketWatch, Transport, noise, sockets_of};
use slipstream_stage::{Fault, Page, Protocol, Scene, Seat, Site};

const HOST: &str = "www.shop-demo.com";

fn site() -> Result<Site, Fault> {
    let page = r#"<!doctype html><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">
<img src="a.png" width="120" height="90" alt=""><img src="b.png" width="20" height="20" alt="">"#;
    let site = Site::builder(format!("https://{HOST}/"))
        .host(HOST, Protocol::Http2)
        .file(HOST, "/index.html", page)
        .file(HOST, "/a.png", noise(120, 90, "a"))
        .file(HOST, "/b.png", noise(20, 20, "b"))
        .header(HOST, "*.png", "cache-control", Some("public, max-age=31536000"));
    Ok(site.build()?)
}

/// Sockets that lead, or could lead, to anybody but the origin. The one that the test itself speaks through is a
/// listener on the loopback interface and what was accepted on it.
fn foreign(seen: &BTreeSet<Socket>, origin: SocketAddr) -> Vec<Socket> {
    let is_listener = |socket: &Socket| socket.transport == Transport::Tcp && socket.remote.port() == 0;
    let listeners: BTreeSet<_> = seen.iter().filter(|socket| is_listener(socket)).map(|s| s.local).collect();
    assert!(listeners.len() <= 1, "one listener, for the test: {listeners:?}");
    let own = |socket: &Socket| listeners.contains(&socket.local) && socket.local.ip().is_loopback();
    seen.iter().filter(|socket| !own(socket) && socket.remote != origin).copied().collect()
}

/// The browser's own list of peer connections, whichever page or extension made them.
async fn peer_connections(seat: &Seat) -> Result<Page, Fault> {
    let page = seat.browser().new_page().await?;
    page.goto("chrome://webrtc-internals/", PATIENCE).await?;
    page.wait_for("document.querySelector('#content-root') !== null", PATIENCE).await?;
    Ok(page)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_connected_to_but_the_origin_until_sharing_is_switched_on() -> Result<(), Fault> {
    let scene = Scene::of(site()?).build().await?;
    let origin = scene.origin().address(HOST).ok_or("the host listens")?;
    let seat = scene.alone().await?;
    let group = seat.browser().process_group();
    // Everything is set up for sharing, but nobody has said yes.
    let mut settings = scene.member_settings();
    settings["sharing"] = json!("off");
    let connections = peer_connections(&seat).await?;
    let watch = SocketWatch::on(group);
    seat.set(&settings).await?;
    for _ in 0..3 {
        let visit = seat.visit(&scene).await?;
        assert_eq!(scene.introduced().await, 0);
        assert_eq!(visit.served.peer, 0);
    }
    let stats = seat.stats().await?;
    assert_eq!((&stats["server"], &stats["peers"]["known"]), (&json!("off"), &json!(0)));
    let seen = watch.seen();
    assert!(seen.iter().any(|socket| socket.remote == origin), "the origin itself is seen: {seen:?}");
    assert_eq!(foreign(&seen, origin), []);
    assert_eq!(connections.evaluate(COUNT).await?, 0);

    // The same eyes see what happens when somebody says yes.
    let other = scene.member().await?;
    seat.set(&scene.member_settings()).await?;
    seat.wait_for_peers(1).await?;
    assert_eq!(scene.introduced().await, 2);
    let sockets = sockets_of(group);
    let found = foreign(&sockets, origin);
    let server = scene.signal_url().trim_start_matches("ws://").trim_end_matches("/v1").parse()?;
    assert!(found.iter().any(|socket| socket.remote == server), "{found:?}");
    assert!(found.iter().any(|socket| socket.transport == Transport::Udp), "{found:?}");
    connections.wait_for(&format!("{COUNT} === 1"), PATIENCE).await?;
    other.close().await?;
    Ok(())
}

const COUNT: &str = "document.querySelectorAll('#content-root .tab-head').length";
const PATIENCE: Duration = Duration::from_secs(20);
