//! Messages for tests: strategies for any of them, and the reference scanner's raw material.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::id::{Digest, PeerId, Salt, Tag, Topic};
use crate::peer::{Corp, Entry, Kind, Message, No, PageFacts};
use crate::server::{FromServer, IceServer, MAX_ICE_SERVERS, MAX_PEERS, ToServer};

pub(crate) fn to_server() -> impl Strategy<Value = ToServer> {
    prop_oneof![
        any::<u16>().prop_map(|version| ToServer::Hello { version }),
        topic().prop_map(|topic| ToServer::Join { topic }),
        topic().prop_map(|topic| ToServer::Leave { topic }),
        (topic(), peer(), payload()).prop_map(|(topic, to, payload)| ToServer::Signal { topic, to, payload }),
        Just(ToServer::Ice),
        any::<u32>().prop_map(|cell| ToServer::Cell { cell }),
    ]
}

pub(crate) fn from_server() -> impl Strategy<Value = FromServer> {
    prop_oneof![
        (any::<u16>(), peer()).prop_map(|(version, you)| FromServer::Welcome { version, you }),
        (topic(), vec(peer(), 0..=MAX_PEERS)).prop_map(|(topic, peers)| FromServer::Peers { topic, peers }),
        (topic(), peer(), payload()).prop_map(|(topic, from, payload)| FromServer::Signal {
            topic,
            from,
            payload
        }),
        peer().prop_map(|peer| FromServer::Gone { peer }),
        any::<u16>().prop_map(|retry_after| FromServer::Away { retry_after }),
        (vec(ice_server(), 0..=MAX_ICE_SERVERS), any::<u16>())
            .prop_map(|(servers, seconds)| FromServer::Ice { servers, seconds }),
    ]
}

pub(crate) fn peer_message() -> impl Strategy<Value = Message> {
    let hello = (any::<u16>(), any::<u32>(), any::<[u8; 16]>(), peer(), vec(any::<u8>(), 0..=256));
    let page = (any::<u32>(), any::<[bool; 3]>(), vec(entry(), 0..6), any::<bool>());
    prop_oneof![
        hello.prop_map(|(version, chunk, salt, node, confirm)| Message::Hello {
            version,
            chunk,
            salt: Salt::new(salt),
            node,
            confirm
        }),
        (any::<u32>(), tag(), any::<u32>()).prop_map(|(ask, page, age)| Message::AskPage { ask, page, age }),
        page.prop_map(|(ask, [header_csp, meta_csp, service_worker], entries, last)| Message::Page {
            ask,
            facts: PageFacts { header_csp, meta_csp, service_worker },
            entries,
            last
        }),
        (any::<u32>(), vec(tag(), 0..6), vec(tag(), 0..6)).prop_map(|(ask, coming, off)| Message::Soon {
            ask,
            coming,
            off
        }),
        (any::<u32>(), tag()).prop_map(|(transfer, tag)| Message::Want { transfer, tag }),
        (any::<u32>(), any::<u64>(), any::<bool>()).prop_map(|(transfer, length, deflated)| Message::Begin {
            transfer,
            length,
            deflated
        }),
        (any::<u32>(), prop_oneof![Just(No::Unknown), Just(No::Busy), Just(No::Paused)])
            .prop_map(|(ask, reason)| Message::No { ask, reason }),
        any::<u32>().prop_map(|transfer| Message::Cancel { transfer }),
        (any::<u32>(), vec(peer(), 0..6)).prop_map(|(ask, peers)| Message::Others { ask, peers }),
        (tag(), peer()).prop_map(|(page, node)| Message::Asked { page, node }),
        (peer(), peer(), any::<bool>(), payload()).prop_map(|(from, to, again, payload)| Message::Forward {
            from,
            to,
            again,
            payload
        }),
        any::<u32>().prop_map(|nonce| Message::Ping { nonce }),
        any::<u32>().prop_map(|nonce| Message::Pong { nonce }),
    ]
}

/// Bytes that look like MessagePack often enough to get past the first marker.
pub(crate) fn almost_msgpack() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => any::<u8>().prop_map(|byte| vec![byte]),
        2 => (0x90..=0x94u8).prop_map(|array| vec![array]),
        2 => Just(vec![0x81, 0xa1, b'h']),
        1 => Just(vec![0xdc, 0, 3]),
        1 => Just(vec![0xc4, 2, 7, 7]),
        1 => Just(vec![0xdd, 0xff, 0xff, 0xff, 0xff]),
        1 => Just(vec![0xd9, 1, b'x']),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn entry() -> impl Strategy<Value = Entry> {
    let kind = prop_oneof![Just(Kind::Image), Just(Kind::Detached), Just(Kind::Font), Just(Kind::Script)];
    let corp = prop_oneof![
        Just(Corp::Absent),
        Just(Corp::CrossOrigin),
        Just(Corp::SameSite),
        Just(Corp::SameOrigin)
    ];
    let texts = ("https://[a-z]{1,20}\\.example/\\PC{0,40}", "[a-z]{1,9}/[a-z]{1,9}");
    (texts, kind, corp, any::<[u64; 3]>(), any::<[u8; 32]>(), any::<[bool; 2]>(), any::<Option<u8>>())
        .prop_map(
            |(
                (url, mime),
                kind,
                corp,
                [length, fetched, fresh_until],
                digest,
                [acao_any, immutable],
                accept,
            )| {
                let digest = Digest::new(digest);
                Entry {
                    url,
                    kind,
                    mime,
                    length,
                    digest,
                    acao_any,
                    corp,
                    fetched,
                    fresh_until,
                    immutable,
                    accept,
                }
            },
        )
}

fn ice_server() -> impl Strategy<Value = IceServer> {
    let texts = ("turns?:[a-z.]{1,40}", "[0-9]{0,10}:[0-9a-f]{16}", "[A-Za-z0-9+/]{0,27}=");
    texts.prop_map(|(url, username, credential)| IceServer { url, username, credential })
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..600)
}

fn topic() -> impl Strategy<Value = Topic> {
    any::<[u8; 16]>().prop_map(Topic::new)
}

fn peer() -> impl Strategy<Value = PeerId> {
    any::<[u8; 16]>().prop_map(PeerId::new)
}

fn tag() -> impl Strategy<Value = Tag> {
    any::<[u8; 16]>().prop_map(Tag::new)
}
