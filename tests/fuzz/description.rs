//! Descriptions: SDP from the own browser, and the sealed form from another.

use slipstream_core::{
    description::{Description, Kind, MAX_MESSAGE_SIZE, MIN_MESSAGE_SIZE, Signal},
    group::{Group, Route},
};
use slipstream_wire::{
    codec,
    id::{PeerId, Topic},
};

/// Lines of a description that is written for a browser, whatever was read.
const LINES: usize = 15;

pub(crate) fn run(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        for kind in [Kind::Offer, Kind::Answer] {
            if let Ok(description) = Description::from_sdp(kind, text) {
                assert_eq!(description.kind(), kind);
                is_sound(&description);
            }
        }
    }
    if let Ok(signal) = Signal::decode(bytes) {
        assert_eq!(Signal::decode(&codec::encode(&signal)).as_ref(), Ok(&signal));
        match &signal {
            Signal::Offer { description, .. } | Signal::Answer { description, .. } => is_sound(description),
            Signal::Candidate { .. } | Signal::End { .. } => {}
        }
        let group = Group::new([1; 32]);
        let id = |n| PeerId::new([n; 16]);
        let route = Route { topic: Topic::new([2; 16]), from: id(3), to: id(4) };
        let sealed = signal.seal(&group, [5; 12], &route).expect("what was decoded can be sealed");
        assert_eq!(Signal::open(&group, &route, &sealed), Ok(signal));
        let back = Route { from: id(4), to: id(3), ..route };
        assert!(Signal::open(&group, &back, &sealed).is_err(), "a reflected signal is none");
    }
}

/// A browser gets the template and nothing else, and reads the same out of it.
fn is_sound(description: &Description) {
    let sdp = description.to_sdp();
    assert_eq!(sdp.lines().count(), LINES, "{sdp}");
    assert!(!sdp.contains("candidate:") && sdp.is_ascii());
    assert!((MIN_MESSAGE_SIZE..=MAX_MESSAGE_SIZE).contains(&description.max_message_size()));
    assert_eq!(Description::from_sdp(description.kind(), &sdp).as_ref(), Ok(description));
}
