//! The whole server over real sockets: what two browsers, a page and an operator see of it.

use std::net::SocketAddr;

use futures_util::SinkExt;
use slipstream_signal::address::AddressLimits;
use slipstream_signal::bucket::Rate;
use slipstream_signal::origin::Origins;
use slipstream_signal::refusal::Refusal;
use slipstream_signal::server::{Server, ServerConfig};
use slipstream_wire::server::{CloseCode, FromServer, MAX_MESSAGE, MAX_PAYLOAD, ToServer};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{Browser, EXTENSION, TOPIC, get};

async fn start() -> Server {
    Server::start(ServerConfig::default()).await.expect("a free port on loopback")
}

/// The status with which a request for a socket is answered.
async fn status(server: SocketAddr, origin: Option<&str>) -> u16 {
    match Browser::open(server, origin).await {
        Ok(_) => 101,
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn two_browsers_exchange_signals_until_one_leaves() {
    let server = start().await;
    let (mut ann, ann_id) = Browser::greeted(server.addr()).await;
    let (mut bob, bob_id) = Browser::greeted(server.addr()).await;
    ann.say(&ToServer::Join { topic: TOPIC }).await;
    assert_eq!(ann.hear().await, FromServer::Peers { topic: TOPIC, peers: vec![] });
    bob.say(&ToServer::Join { topic: TOPIC }).await;
    assert_eq!(bob.hear().await, FromServer::Peers { topic: TOPIC, peers: vec![ann_id] });

    let (offer, answer) = (vec![0xab; MAX_PAYLOAD], vec![0xcd; 700]);
    bob.say(&ToServer::Signal { topic: TOPIC, to: ann_id, payload: offer.clone() }).await;
    assert_eq!(ann.hear().await, FromServer::Signal { topic: TOPIC, from: bob_id, payload: offer });
    ann.say(&ToServer::Signal { topic: TOPIC, to: bob_id, payload: answer.clone() }).await;
    assert_eq!(bob.hear().await, FromServer::Signal { topic: TOPIC, from: ann_id, payload: answer });
    let metrics = server.metrics();
    assert_eq!((metrics.connections, metrics.topics, metrics.members, metrics.relayed), (2, 1, 2, 2));

    ann.say(&ToServer::Leave { topic: TOPIC }).await;
    // An answered message behind it: then the leaving has been seen.
    ann.say(&ToServer::Signal { topic: TOPIC, to: bob_id, payload: vec![] }).await;
    assert_eq!(ann.hear().await, FromServer::Gone { peer: bob_id });
    bob.say(&ToServer::Signal { topic: TOPIC, to: ann_id, payload: vec![] }).await;
    assert_eq!(bob.hear().await, FromServer::Gone { peer: ann_id });
    server.stop().await;
}

#[tokio::test]
async fn pages_and_unknown_clients_stay_out() {
    let server = start().await;
    for origin in [None, Some("https://page.example"), Some("null")] {
        assert_eq!(status(server.addr(), origin).await, 403, "{origin:?}");
    }
    assert_eq!(status(server.addr(), Some(EXTENSION)).await, 101);
    assert_eq!(server.metrics().refused(Refusal::Origin), 3);

    let origins = Origins::with(["any".into()]);
    let open = Server::start(ServerConfig { origins, ..ServerConfig::default() }).await.unwrap();
    assert_eq!(status(open.addr(), None).await, 101);
}

#[tokio::test]
async fn a_full_server_says_when_to_come_back() {
    let config = ServerConfig { connections: 1, ..ServerConfig::default() };
    let server = Server::start(config).await.unwrap();
    let _first = Browser::greeted(server.addr()).await;
    let Err(Error::Http(response)) = Browser::open(server.addr(), Some(EXTENSION)).await else {
        panic!("the server is full");
    };
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"30".parse().unwrap())
    );
}

#[tokio::test]
async fn one_address_does_not_take_all_places() {
    let limits = AddressLimits { open: 2, new: Rate::per_second(1, 100) };
    let config = ServerConfig { addresses: Some(limits), ..ServerConfig::default() };
    let server = Server::start(config).await.unwrap();
    let _held = [Browser::greeted(server.addr()).await, Browser::greeted(server.addr()).await];
    assert_eq!(status(server.addr(), Some(EXTENSION)).await, 429);
    assert_eq!(server.metrics().refused(Refusal::Address), 1);
}

#[tokio::test]
async fn an_oversized_message_ends_only_its_sender() {
    let server = start().await;
    let (mut loud, _) = Browser::greeted(server.addr()).await;
    let (mut other, _) = Browser::greeted(server.addr()).await;
    loud.socket.send(Message::Binary(vec![0; MAX_MESSAGE + 1].into())).await.unwrap();
    assert_eq!(loud.code().await, 1009);
    other.say(&ToServer::Join { topic: TOPIC }).await;
    assert_eq!(other.hear().await, FromServer::Peers { topic: TOPIC, peers: vec![] });
    assert_eq!(server.metrics().refused(Refusal::Oversized), 1);
}

#[tokio::test]
async fn what_is_no_message_is_closed_with_its_code() {
    let server = start().await;
    for message in [Message::text("hello"), Message::binary(vec![0x91; 5000])] {
        let (mut browser, _) = Browser::greeted(server.addr()).await;
        browser.socket.send(message).await.unwrap();
        assert_eq!(browser.code().await, CloseCode::Malformed as u16);
    }
}

#[tokio::test]
async fn a_stopping_server_sends_its_browsers_away() {
    let server = start().await;
    let addr = server.addr();
    let (mut browser, _) = Browser::greeted(addr).await;
    let stopping = tokio::spawn(server.stop());
    assert!(matches!(browser.hear().await, FromServer::Away { retry_after: 1..=3600 }));
    assert_eq!(browser.code().await, CloseCode::Away as u16);
    assert!(browser.next().await.is_none());
    stopping.await.unwrap();
    assert!(TcpStream::connect(addr).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_killed_server_just_is_no_more() {
    let server = start().await;
    let addr = server.addr();
    let (mut browser, _) = Browser::greeted(addr).await;
    server.kill().await;
    assert!(matches!(browser.next().await, Some(Err(_)) | None), "no farewell");
    assert!(TcpStream::connect(addr).await.is_err());
    let again = Server::start(ServerConfig { listen: addr, ..ServerConfig::default() }).await.unwrap();
    assert_eq!(again.addr(), addr, "the port is free for the next one");
}

#[tokio::test]
async fn an_operator_sees_health_and_figures() {
    let server = start().await;
    let (_browser, _) = Browser::greeted(server.addr()).await;
    assert!(get(server.addr(), "/healthz").await.ends_with("\r\n\r\nok"));
    let figures = get(server.addr(), "/metrics").await;
    assert!(figures.contains("\nslipstream_connections 1\n"), "{figures}");
    assert!(get(server.addr(), "/v1").await.starts_with("HTTP/1.1 403"));
    assert!(get(server.addr(), "/elsewhere").await.starts_with("HTTP/1.1 404"));
}
