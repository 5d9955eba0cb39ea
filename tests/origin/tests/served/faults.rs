//! What goes wrong on purpose, as a client sees it.

use http_body_util::BodyExt as _;
use slipstream_origin::{Fault, Link, Outage};
use tokio::time::timeout;

use crate::client::{Client, H1, H2, LIMIT, site, start};

fn page() -> slipstream_origin::SiteBuilder {
    site().file(H1, "/a.png", vec![1; 100_000]).file(H2, "/a.png", vec![2; 100_000])
}

#[tokio::test]
async fn a_cut_body_breaks_off_after_its_bytes() {
    let origin = start(page(), Link::UNSHAPED).await;
    origin.set_fault("*/a.png", Fault::Cut { after: 5_000 }).expect("room");
    for host in [H1, H2] {
        let mut client = Client::connect(&origin, host).await;
        let answer = client.ask("GET", "/a.png", &[]).await.expect("head");
        assert_eq!(answer.headers()["content-length"], "100000");
        let mut body = answer.into_body();
        let mut got = 0;
        let error = loop {
            match body.frame().await.expect("no regular end") {
                Ok(frame) => got += frame.data_ref().map_or(0, bytes::Bytes::len),
                Err(error) => break error,
            }
        };
        assert_eq!(got, 5_000, "{host}: {error}");
        assert_eq!(origin.counters().url(&format!("https://{host}/a.png")).body_bytes, 5_000);
    }
    assert!(origin.exchanges().iter().all(|exchange| !exchange.complete && exchange.ended_ms.is_some()));
}

#[tokio::test]
async fn a_stalled_body_never_comes_and_the_rest_of_the_site_does() {
    let origin = start(page().file(H2, "/b.png", "b"), Link::UNSHAPED).await;
    origin.set_fault(&format!("https://{H2}/a.png"), Fault::Stall).expect("room");
    let mut client = Client::connect(&origin, H2).await;
    let stalled = client.ask("GET", "/a.png", &[]).await.expect("head");
    assert_eq!(stalled.status(), 200);
    client.get("/b.png").await.expect("answer");
    let stalled_count = origin.counters().url(&format!("https://{H2}/a.png"));
    assert_eq!((stalled_count.requests, stalled_count.body_bytes), (1, 0));
    assert_eq!(origin.exchanges()[0].ended_ms, None);
    origin.clear_faults();
    assert_eq!(client.get("/a.png").await.expect("answer").body.len(), 100_000);
    // It ends with its connection, and leaves no task behind.
    origin.set_outage("line", Some(Outage::Cut)).expect("known");
    origin.until(LIMIT, |_| origin.exchanges()[0].ended_ms.is_some()).await.expect("the stream ends");
}

#[tokio::test]
async fn a_wrong_length_is_an_error_of_the_body() {
    let origin = start(page(), Link::UNSHAPED).await;
    origin.set_fault("*", Fault::WrongLength { declared: 100_001 }).expect("room");
    for host in [H1, H2] {
        let mut client = Client::connect(&origin, host).await;
        let answer = client.ask("GET", "/a.png", &[]).await.expect("head");
        assert_eq!(answer.headers()["content-length"], "100001");
        assert!(answer.into_body().collect().await.is_err(), "{host}");
    }
}

#[tokio::test]
async fn a_status_replaces_the_file() {
    let origin = start(page(), Link::UNSHAPED).await;
    origin.set_fault("*", Fault::Status(503)).expect("room");
    for host in [H1, H2] {
        let answer = Client::connect(&origin, host).await.get("/a.png").await.expect("answer");
        assert_eq!((answer.status.as_u16(), answer.body.len()), (503, 0));
    }
}

#[tokio::test]
async fn a_cut_link_breaks_connections_until_it_is_mended() {
    let origin = start(page(), Link::UNSHAPED).await;
    let mut client = Client::connect(&origin, H2).await;
    origin.set_outage("line", Some(Outage::Cut)).expect("known");
    timeout(LIMIT, client.closed()).await.expect("the connection breaks");
    assert!(Client::try_connect(&origin, H2).await.is_err());
    origin.set_outage("line", None).expect("known");
    assert_eq!(Client::connect(&origin, H2).await.get("/a.png").await.expect("answer").status, 200);
    assert!(origin.set_outage("other", None).is_err());
}

#[tokio::test]
async fn a_silent_link_goes_on_where_it_stopped() {
    let origin = start(page(), Link::UNSHAPED).await;
    let mut client = Client::connect(&origin, H1).await;
    client.get("/a.png").await.expect("answer");
    origin.set_outage("line", Some(Outage::Silent)).expect("known");
    let mut asked = Box::pin(client.get("/a.png"));
    // While the line is silent the request is not even accepted: the origin has the whole pause to do so.
    assert!(timeout(std::time::Duration::from_millis(50), &mut asked).await.is_err());
    assert_eq!(origin.counters().total().requests, 1);
    origin.set_outage("line", None).expect("known");
    assert_eq!(asked.await.expect("answer").body.len(), 100_000);
}
