use std::time::Duration;

use proptest::prelude::*;
use slipstream_sim::{Source, World, settings};
use slipstream_wire::{
    codec,
    frame::Frame,
    id::{Digest, PeerId, Salt, Tag},
    peer::{Corp, Entry, Kind, Message, No, PageFacts},
};

use crate::pair::{first_has_seen, gallery};

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let kind = prop_oneof![Just(Kind::Image), Just(Kind::Detached), Just(Kind::Font), Just(Kind::Script)];
    let url = prop_oneof!["https://www\\.gallery-demo\\.com/img/photo-[0-7]\\.png", ".{0,40}"];
    let entry = (
        url,
        kind,
        "(image/png|font/woff2|text/javascript|.{0,8})",
        any::<u64>(),
        any::<[u8; 32]>(),
        any::<(u64, u64)>(),
    );
    let entry = entry.prop_map(|(url, kind, mime, length, digest, (fetched, fresh_until))| Entry {
        url,
        kind,
        mime,
        length,
        digest: Digest::new(digest),
        acao_any: length % 2 == 0,
        corp: Corp::Absent,
        fetched,
        fresh_until,
        immutable: false,
        accept: None,
    });
    prop::collection::vec(entry, 0..6)
}

fn tags() -> impl Strategy<Value = Vec<[u8; 16]>> {
    prop::collection::vec(any::<[u8; 16]>(), 0..20)
}

fn messages() -> impl Strategy<Value = Message> {
    let ask = 0..6_u32;
    prop_oneof![
        (any::<u16>(), any::<u32>(), any::<[u8; 16]>(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(
            |(version, chunk, salt, confirm)| Message::Hello {
                version,
                chunk,
                salt: Salt::new(salt),
                node: PeerId::new(salt),
                confirm
            }
        ),
        (ask.clone(), tags(), tags()).prop_map(|(ask, coming, off)| Message::Soon {
            ask,
            coming: coming.into_iter().map(Tag::new).collect(),
            off: off.into_iter().map(Tag::new).collect()
        }),
        (ask.clone(), tags()).prop_map(|(ask, peers)| Message::Others {
            ask,
            peers: peers.into_iter().map(PeerId::new).collect()
        }),
        any::<[[u8; 16]; 2]>()
            .prop_map(|[page, node]| Message::Asked { page: Tag::new(page), node: PeerId::new(node) }),
        (any::<[[u8; 16]; 2]>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..90)).prop_map(
            |([from, to], again, payload)| Message::Forward {
                from: PeerId::new(from),
                to: PeerId::new(to),
                again,
                payload
            }
        ),
        (ask.clone(), any::<[u8; 16]>(), any::<u32>()).prop_map(|(ask, tag, age)| Message::AskPage {
            ask,
            page: Tag::new(tag),
            age
        }),
        (ask.clone(), entries(), any::<bool>()).prop_map(|(ask, entries, last)| Message::Page {
            ask,
            facts: PageFacts::default(),
            entries,
            last
        }),
        (ask.clone(), any::<[u8; 16]>())
            .prop_map(|(transfer, tag)| Message::Want { transfer, tag: Tag::new(tag) }),
        (ask.clone(), prop_oneof![Just(60_000), any::<u64>()], any::<bool>())
            .prop_map(|(transfer, length, deflated)| Message::Begin { transfer, length, deflated }),
        (ask.clone(), Just(No::Busy)).prop_map(|(ask, reason)| Message::No { ask, reason }),
        ask.prop_map(|transfer| Message::Cancel { transfer }),
        any::<u32>().prop_map(|nonce| Message::Ping { nonce }),
        any::<u32>().prop_map(|nonce| Message::Pong { nonce }),
    ]
}

fn frames() -> impl Strategy<Value = Vec<u8>> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
    prop_oneof![
        1 => bytes(80),
        2 => (0..6_u32, prop_oneof![Just(0), 0..70_000_u64, any::<u64>()], bytes(200)).prop_map(|(transfer, offset, bytes)| {
            Frame::Chunk { transfer, offset, bytes: &bytes }.to_vec()
        }),
        1 => bytes(60).prop_map(|bytes| Frame::Control(&bytes).to_vec()),
        6 => messages().prop_map(|message| Frame::Control(&codec::encode(&message)).to_vec()),
    ]
}

/// A world in which a hostile member says all this while the other visits a page that it has seen.
fn survives(seed: u64, frames: &[Vec<u8>]) -> World {
    let page = gallery();
    let (mut world, ann, ben) = first_has_seen(seed, &page);
    let visit = world.visit(ben, &page);
    let before = world.tally(ben).sent;
    for frame in frames {
        world.inject(ann, ben, frame.clone());
        world.run_for(Duration::from_millis(7));
    }
    world.run_for(Duration::from_secs(30));
    assert!(world.visited(visit).load_time().is_some());
    let said = frames.iter().map(|frame| frame.len() as u64 + 100).sum::<u64>();
    assert!(world.tally(ben).sent - before < 4_096 + said, "answers are not longer than questions");
    assert!(world.tally(ben).most_outputs < 200);
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_member_says_the_page_is_whole(seed in 0..1_000_u64, said in prop::collection::vec(frames(), 1..40)) {
        survives(seed, &said);
    }
}

#[test]
fn a_frame_that_is_none_ends_its_channel_and_no_other() {
    let page = gallery();
    let (mut world, ann, ben) = first_has_seen(1, &page);
    let cid = world.browser(settings::member());
    world.run_until(Duration::from_secs(60), "the third has met both", |world| {
        world.stats(cid).peers.connected == 2
    });
    world.inject(ann, cid, vec![9; 40]);
    world.run_for(Duration::from_millis(100));
    assert_eq!(world.stats(cid).peers.connected, 1);
    world.visit_and_settle(ben, &page);
    let visit = world.visit_and_settle(cid, &page);
    assert!(world.visited(visit).load_time().is_some());
    assert_eq!(world.visited(visit).bytes_from(Source::Shelf), 0);
}
