//! What a shaped line does to a client. Exact arithmetic is tested on virtual time beside the code; these look
//! at the whole, in real time, with room for a busy machine.

use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use slipstream_origin::Link;

use crate::client::{Client, H1, H2, LIMIT, site, start};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Tries until one try is quick enough: a busy machine can make any of them late, but none early.
async fn some_try_is_within(limit: Duration, mut attempt: impl AsyncFnMut() -> Duration) {
    let mut slowest = Vec::new();
    while slowest.len() < TRIES {
        let took = attempt().await;
        if took <= limit {
            return;
        }
        slowest.push(took);
    }
    panic!("never within {limit:?}: {slowest:?}");
}

/// More than a machine is unlucky in a row.
const TRIES: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_first_answer_costs_three_round_trips_and_a_second_one() {
    let origin = start(site().file(H1, "/a.txt", "a"), Link::mbit(100.0, ms(100))).await;
    some_try_is_within(ms(380), async || {
        let begin = Instant::now();
        let mut client = Client::connect(&origin, H1).await;
        client.get("/a.txt").await.expect("answer");
        let first = begin.elapsed();
        assert!(first >= ms(299), "first answer after {first:?}");
        first
    })
    .await;
    let mut client = Client::connect(&origin, H1).await;
    some_try_is_within(ms(180), async || {
        let begin = Instant::now();
        client.get("/a.txt").await.expect("answer");
        let second = begin.elapsed();
        assert!(second >= ms(99), "later answer after {second:?}");
        second
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_takes_its_time_on_the_line() {
    let origin = start(
        site().file(H1, "/a.bin", vec![1; 400_000]).file(H2, "/a.bin", vec![1; 400_000]),
        Link::mbit(8.0, ms(20)),
    )
    .await;
    for host in [H1, H2] {
        let mut client = Client::connect(&origin, host).await;
        // 400 ms of line and one round trip; TLS and framing add a percent or two.
        some_try_is_within(ms(470), async || {
            let begin = Instant::now();
            client.get("/a.bin").await.expect("answer");
            let took = begin.elapsed();
            assert!(took >= ms(419), "{host}: {took:?}");
            took
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_line_is_shared_between_hosts_and_protocols() {
    let site = site().file(H1, "/a.bin", vec![1; 200_000]).file(H2, "/a.bin", vec![2; 200_000]);
    let origin = start(site, Link::mbit(8.0, ms(10))).await;
    let mut one = Client::connect(&origin, H1).await;
    let mut two = Client::connect(&origin, H2).await;
    let begin = Instant::now();
    let timed = async |client: &mut Client| {
        client.get("/a.bin").await.expect("answer");
        begin.elapsed()
    };
    let (one, two) = tokio::join!(timed(&mut one), timed(&mut two));
    assert!(one.max(two) >= ms(405), "both after {one:?} and {two:?}");
    // Served one after the other, the first would be done after 200 ms.
    assert!(one.min(two) > ms(320), "unfair: {one:?} and {two:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_stream_stops_the_body() {
    let site = site().file(H2, "/big.png", vec![1; 2_000_000]).file(H2, "/small.png", "s");
    let origin = start(site, Link::mbit(8.0, ms(20))).await;
    let mut client = Client::connect(&origin, H2).await;
    let mut body = client.ask("GET", "/big.png", &[]).await.expect("head").into_body();
    let mut got = 0;
    while got < 50_000 {
        got += body.frame().await.expect("more").expect("intact").data_ref().map_or(0, bytes::Bytes::len);
    }
    drop(body);
    // The answer to a later request shows that the reset has been there and all bytes before it have come.
    client.get("/small.png").await.expect("answer");
    let url = format!("https://{H2}/big.png");
    origin.until(LIMIT, |_| origin.exchanges()[0].ended_ms.is_some()).await.expect("the stream ends");
    let sent = origin.counters().url(&url).body_bytes;
    // Bytes read, buffers, and what the line carries while the reset travels.
    assert!((50_000..50_000 + 130_000).contains(&sent), "{sent} bytes handed over");
    assert!(!origin.exchanges()[0].complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_connection_stops_the_body() {
    let origin = start(site().file(H1, "/big.png", vec![1; 2_000_000]), Link::mbit(8.0, ms(20))).await;
    let mut client = Client::connect(&origin, H1).await;
    let mut body = client.ask("GET", "/big.png", &[]).await.expect("head").into_body();
    let mut got = 0;
    while got < 50_000 {
        got += body.frame().await.expect("more").expect("intact").data_ref().map_or(0, bytes::Bytes::len);
    }
    drop((body, client));
    origin.until(LIMIT, |_| origin.exchanges()[0].ended_ms.is_some()).await.expect("the exchange ends");
    let sent = origin.counters().total().body_bytes;
    assert!((50_000..50_000 + 130_000).contains(&sent), "{sent} bytes handed over");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_origin_gets_no_further_ahead_than_its_buffers() {
    let origin = start(site().file(H1, "/big.png", vec![1; 30_000_000]), Link::mbit(0.25, ms(2))).await;
    let mut client = Client::connect(&origin, H1).await;
    let answer = client.ask("GET", "/big.png", &[]).await.expect("head");
    let soon = origin.until(ms(100), |counters| counters.total().body_bytes > 80_000).await;
    let sent = soon.expect_err("the line carries 3 kB in this time").total().body_bytes;
    assert!(sent > 10_000, "{sent} bytes handed over");
    drop(answer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_changes_under_its_connections() {
    let origin = start(site().file(H1, "/a.bin", vec![1; 500_000]), Link::mbit(1.0, ms(2))).await;
    let mut client = Client::connect(&origin, H1).await;
    let begin = Instant::now();
    let mut asked = Box::pin(client.get("/a.bin"));
    assert!(tokio::time::timeout(ms(100), &mut asked).await.is_err());
    origin.set_link("line", Link::mbit(100.0, ms(2))).expect("known");
    assert_eq!(asked.await.expect("answer").body.len(), 500_000);
    // At the old rate it would take four seconds.
    assert!(begin.elapsed() < ms(3_000), "took {:?}", begin.elapsed());
    origin.set_link("line", Link::UNSHAPED).expect("known");
    client.closed().await;
    assert_eq!(Client::connect(&origin, H1).await.get("/a.bin").await.expect("answer").status, 200);
}
