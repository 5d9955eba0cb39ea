//! The bytes of every message, pinned. A change here is a change of [`crate::VERSION`].

use std::fmt::Write;

use crate::codec::{Limits, decode, encode};
use crate::id::{Digest, PeerId, Salt, Tag, Topic};
use crate::peer::{self, Corp, Entry, Kind, Message, No, PageFacts};
use crate::server::{self, FromServer, IceServer, ToServer};

const TOPIC: Topic = Topic::new([0x11; 16]);
const PEER: PeerId = PeerId::new([0x22; 16]);
const TAG: Tag = Tag::new([0x33; 16]);

fn ice_server() -> IceServer {
    IceServer { url: "turn:x".into(), username: "u".into(), credential: "p".into() }
}

#[test]
fn what_a_browser_says_to_the_server() {
    let golden = [
        (ToServer::Hello { version: 1 }, "81a1689101"),
        (ToServer::Join { topic: TOPIC }, "81a16a91c41011111111111111111111111111111111"),
        (ToServer::Leave { topic: TOPIC }, "81a16c91c41011111111111111111111111111111111"),
        (
            ToServer::Signal { topic: TOPIC, to: PEER, payload: vec![0xab, 0xcd] },
            "81a17393c41011111111111111111111111111111111c41022222222222222222222222222222222c402abcd",
        ),
        (ToServer::Ice, "a169"),
        (ToServer::Cell { cell: 316_303 }, "81a16391ce0004d38f"),
    ];
    let pinned = golden.iter().map(|(message, _)| match message {
        ToServer::Hello { .. } => 0,
        ToServer::Join { .. } => 1,
        ToServer::Leave { .. } => 2,
        ToServer::Signal { .. } => 3,
        ToServer::Ice => 4,
        ToServer::Cell { .. } => 5,
    });
    assert!(pinned.eq(0..6), "one of each, in order");
    for (message, bytes) in golden {
        assert_eq!(hex(&encode(&message)), bytes, "{message:?}");
        assert_eq!(decode(&unhex(bytes), &Limits::SERVER), Ok(message));
    }
}

#[test]
fn what_the_server_says() {
    let golden = [
        (FromServer::Welcome { version: 1, you: PEER }, "81a1779201c41022222222222222222222222222222222"),
        (
            FromServer::Peers { topic: TOPIC, peers: vec![PEER] },
            "81a17092c4101111111111111111111111111111111191c41022222222222222222222222222222222",
        ),
        (
            FromServer::Signal { topic: TOPIC, from: PEER, payload: vec![0xab, 0xcd] },
            "81a17393c41011111111111111111111111111111111c41022222222222222222222222222222222c402abcd",
        ),
        (FromServer::Gone { peer: PEER }, "81a16791c41022222222222222222222222222222222"),
        (FromServer::Away { retry_after: 300 }, "81a16191cd012c"),
        (
            FromServer::Ice { servers: vec![ice_server()], seconds: 600 },
            "81a169929193a67475726e3a78a175a170cd0258",
        ),
    ];
    let pinned = golden.iter().map(|(message, _)| match message {
        FromServer::Welcome { .. } => 0,
        FromServer::Peers { .. } => 1,
        FromServer::Signal { .. } => 2,
        FromServer::Gone { .. } => 3,
        FromServer::Away { .. } => 4,
        FromServer::Ice { .. } => 5,
    });
    assert!(pinned.eq(0..6), "one of each, in order");
    for (message, bytes) in golden {
        assert_eq!(hex(&encode(&message)), bytes, "{message:?}");
        assert_eq!(decode(&unhex(bytes), &Limits::SERVER), Ok(message));
    }
}

#[test]
fn what_peers_say_to_each_other() {
    let facts = PageFacts { header_csp: false, meta_csp: true, service_worker: false };
    let golden = [
        (
            Message::Hello {
                version: 1,
                chunk: 65_520,
                salt: Salt::new([0x44; 16]),
                node: PEER,
                confirm: vec![0x55; 4],
            },
            "81a1689501cdfff0c41044444444444444444444444444444444c41022222222222222222222222222222222c40455555555",
        ),
        (Message::AskPage { ask: 7, page: TAG, age: 3 }, "81a1709307c4103333333333333333333333333333333303"),
        (
            Message::Page { ask: 7, facts, entries: vec![entry()], last: true },
            "81a171940793c2c3c2919bb768747470733a2f2f612e6578616d706c652f622e706e67a169a9696d6167652f706e67cd0400c4206666666666666666666666666666666666666666666666666666666666666666c3a163ce6553f100ce65554280c2c0c3",
        ),
        (
            Message::Soon { ask: 7, coming: vec![TAG], off: vec![] },
            "81a173930791c4103333333333333333333333333333333390",
        ),
        (Message::Want { transfer: 7, tag: TAG }, "81a1779207c41033333333333333333333333333333333"),
        (Message::Begin { transfer: 7, length: 70_000, deflated: true }, "81a1629307ce00011170c3"),
        (Message::No { ask: 7, reason: No::Busy }, "81a16e9207a162"),
        (Message::Cancel { transfer: 7 }, "81a1639107"),
        (Message::Others { ask: 7, peers: vec![PEER] }, "81a174920791c41022222222222222222222222222222222"),
        (
            Message::Asked { page: TAG, node: PEER },
            "81a16792c41033333333333333333333333333333333c41022222222222222222222222222222222",
        ),
        (
            Message::Forward { from: PEER, to: PeerId::new([0x77; 16]), again: true, payload: vec![0xab] },
            "81a16694c41022222222222222222222222222222222c41077777777777777777777777777777777c3c401ab",
        ),
        (Message::Ping { nonce: 1 }, "81a1699101"),
        (Message::Pong { nonce: u32::MAX }, "81a16f91ceffffffff"),
    ];
    let pinned = golden.iter().map(|(message, _)| match message {
        Message::Hello { .. } => 0,
        Message::AskPage { .. } => 1,
        Message::Page { .. } => 2,
        Message::Soon { .. } => 3,
        Message::Want { .. } => 4,
        Message::Begin { .. } => 5,
        Message::No { .. } => 6,
        Message::Cancel { .. } => 7,
        Message::Others { .. } => 8,
        Message::Asked { .. } => 9,
        Message::Forward { .. } => 10,
        Message::Ping { .. } => 11,
        Message::Pong { .. } => 12,
    });
    assert!(pinned.eq(0..13), "one of each, in order");
    for (message, bytes) in golden {
        assert_eq!(hex(&encode(&message)), bytes, "{message:?}");
        assert_eq!(decode(&unhex(bytes), &Limits::PEER), Ok(message));
    }
}

#[test]
fn letters_of_the_small_words() {
    let words = [
        (encode(&[No::Unknown, No::Busy, No::Paused]), "93a175a162a170"),
        (encode(&[Kind::Image, Kind::Detached, Kind::Font, Kind::Script]), "94a169a164a166a173"),
        (encode(&[Corp::Absent, Corp::CrossOrigin, Corp::SameSite, Corp::SameOrigin]), "94a16ea163a173a16f"),
    ];
    for (bytes, golden) in words {
        assert_eq!(hex(&bytes), golden);
    }
}

/// A byte above 127 in an array of numbers takes two bytes, a byte in a binary field always one.
#[test]
fn byte_fields_travel_as_bytes_and_not_as_numbers() {
    let sizes = |filler: u8| {
        let (topic, id, tag) = (Topic::new([filler; 16]), PeerId::new([filler; 16]), Tag::new([filler; 16]));
        let (salt, bytes) = (Salt::new([filler; 16]), vec![filler; 40]);
        let page = vec![Entry { digest: Digest::new([filler; 32]), ..entry() }];
        [
            encode(&ToServer::Join { topic }).len(),
            encode(&ToServer::Leave { topic }).len(),
            encode(&ToServer::Signal { topic, to: id, payload: bytes.clone() }).len(),
            encode(&FromServer::Welcome { version: 1, you: id }).len(),
            encode(&FromServer::Peers { topic, peers: vec![id; server::MAX_PEERS] }).len(),
            encode(&FromServer::Signal { topic, from: id, payload: bytes.clone() }).len(),
            encode(&FromServer::Gone { peer: id }).len(),
            encode(&Message::Hello { version: 1, chunk: 1, salt, node: id, confirm: bytes }).len(),
            encode(&Message::AskPage { ask: 1, page: tag, age: 1 }).len(),
            encode(&Message::Page { ask: 1, facts: PageFacts::default(), entries: page, last: true }).len(),
            encode(&Message::Want { transfer: 1, tag }).len(),
        ]
    };
    assert_eq!(sizes(0x00), sizes(0xff));
    assert_eq!(sizes(0x00), [22, 22, 82, 23, 167, 82, 22, 84, 24, 100, 23]);
}

#[test]
fn the_largest_messages_of_the_server_fit() {
    let payload = vec![0xff; server::MAX_PAYLOAD];
    let signal = encode(&FromServer::Signal { topic: TOPIC, from: PEER, payload });
    let peers = encode(&FromServer::Peers { topic: TOPIC, peers: vec![PEER; server::MAX_PEERS] });
    assert!(signal.len() <= server::MAX_MESSAGE && peers.len() <= server::MAX_MESSAGE);
}

#[test]
fn a_part_of_a_profile_with_the_longest_urls_holds_at_least_thirty_entries() {
    let longest =
        Entry { url: "u".repeat(peer::MAX_URL), length: u64::MAX, accept: Some(u8::MAX), ..entry() };
    let part =
        Message::Page { ask: u32::MAX, facts: PageFacts::default(), entries: vec![longest; 30], last: false };
    let bytes = encode(&part);
    assert!(bytes.len() <= peer::MAX_MESSAGE);
    assert_eq!(decode(&bytes, &Limits::PEER), Ok(part));
}

#[test]
fn a_part_may_hold_a_whole_profile_of_short_entries() {
    let whole = vec![entry(); peer::MAX_ENTRIES];
    let page = Message::Page { ask: 1, facts: PageFacts::default(), entries: whole, last: true };
    assert_eq!(decode(&encode(&page), &Limits::PEER), Ok(page));
}

fn entry() -> Entry {
    Entry {
        url: "https://a.example/b.png".into(),
        kind: Kind::Image,
        mime: "image/png".into(),
        length: 1024,
        digest: Digest::new([0x66; 32]),
        acao_any: true,
        corp: Corp::CrossOrigin,
        fetched: 1_700_000_000,
        fresh_until: 1_700_086_400,
        immutable: false,
        accept: None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
