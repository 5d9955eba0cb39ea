//! Router and conduct together, on whatever may come.

use std::collections::BTreeMap;

use slipstream_wire::codec::encode;
use slipstream_wire::server::MAX_MESSAGE;

use super::*;
use crate::conduct::{Conduct, Due, Frame, Heard};

/// Frames of several connections, in any order and at any time: what a fuzzer does without a socket.
fn frames() -> impl Strategy<Value = Vec<(usize, u8, Vec<u8>, u64)>> {
    let known = prop_oneof![
        Just(encode(&hello())),
        (0..4u8).prop_map(|number| encode(&join(number))),
        (0..4u8).prop_map(|number| encode(&ToServer::Leave { topic: topic(number) })),
        (0..4u8, any::<[u8; 16]>()).prop_map(|(number, to)| encode(&signal(number, PeerId::new(to)))),
        Just(encode(&ToServer::Ice)),
        any::<u32>().prop_map(|cell| encode(&ToServer::Cell { cell })),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec((0..5usize, 0..8u8, known, 0..40_000u64), 0..300)
}

proptest! {
    #[test]
    fn any_frames_end_their_sender_or_say_something_to_somebody_who_is_there(frames in frames()) {
        let (mut router, mut rng, mut now) = (router(5), rng(), 0);
        let mut open: BTreeMap<usize, (PeerId, Conduct)> = BTreeMap::new();
        for (who, kind, bytes, wait) in frames {
            now += wait;
            // As sessions do: the clock first, for everybody.
            let late: Vec<usize> = open
                .iter_mut()
                .filter_map(|(who, (_, conduct))| {
                    let stays = matches!(conduct.look(now), Ok(Due::Nothing | Due::Ping));
                    (!stays).then_some(*who)
                })
                .collect();
            for who in late {
                router.disconnect(open.remove(&who).unwrap().0);
            }
            let (peer, conduct) = open.entry(who).or_insert_with(|| {
                (router.connect(place(), now, &mut rng).unwrap(), Conduct::new(now, 3_600_000))
            });
            let peer = *peer;
            let frame = match kind {
                0 => Frame::Ping,
                1 => Frame::Pong,
                2 => Frame::Text,
                3 => Frame::Close,
                _ => Frame::Binary(&bytes),
            };
            let outcome = conduct.hear(frame, now).and_then(|heard| match heard {
                Heard::Message(message) => {
                    let sent = router.receive(peer, message, now, &mut rng)?;
                    conduct.accepted();
                    Ok(sent)
                }
                Heard::RoundTrip(ms) => {
                    router.measured(peer, ms);
                    Ok(None)
                }
                Heard::Nothing => Ok(None),
            });
            match outcome {
                Ok(Some(sent)) => {
                    prop_assert!(open.values().any(|(peer, _)| *peer == sent.to));
                    prop_assert!(encode(&sent.message).len() <= MAX_MESSAGE);
                }
                Err(refusal) if refusal.close_code().is_some() => {
                    router.disconnect(peer);
                    open.remove(&who);
                }
                Ok(None) | Err(_) => {}
            }
            prop_assert_eq!(router.connections(), open.len());
            prop_assert!(router.members() <= open.len() * MAX_TOPICS);
        }
        for (peer, _) in open.values() {
            router.disconnect(*peer);
        }
        prop_assert_eq!((router.connections(), router.topics(), router.members()), (0, 0, 0));
    }
}
