use proptest::prelude::*;

use super::*;
use crate::id::{PeerId, Topic};
use crate::peer::{Message, No};
use crate::samples::{almost_msgpack, from_server, peer_message, to_server};
use crate::server::{FromServer, MAX_PAYLOAD, ToServer};

const SMALL: Limits = Limits { bytes: 64, depth: 3, items: 4, text: 5, binary: 6 };

/// The slow, obvious version of [`scan`]: recursive, and only good for tests.
fn naive(bytes: &[u8], limits: &Limits) -> Result<(), CodecError> {
    if bytes.len() > limits.bytes {
        return Err(CodecError::TooLong);
    }
    let rest = naive_value(bytes, 0, limits)?;
    if rest.is_empty() { Ok(()) } else { Err(CodecError::Trailing) }
}

fn naive_value<'a>(bytes: &'a [u8], depth: u8, limits: &Limits) -> Result<&'a [u8], CodecError> {
    let (&marker, rest) = bytes.split_first().ok_or(CodecError::Truncated)?;
    let inside = |count: usize, mut rest: &'a [u8]| {
        if depth >= limits.depth {
            return Err(CodecError::TooDeep);
        }
        for _ in 0..count {
            rest = naive_value(rest, depth + 1, limits)?;
        }
        Ok(rest)
    };
    let array = |(count, rest): (usize, &'a [u8])| {
        if count > limits.items { Err(CodecError::TooMany) } else { inside(count, rest) }
    };
    let text = |(len, rest): (usize, &'a [u8])| naive_run(rest, len, limits.text);
    let binary = |(len, rest): (usize, &'a [u8])| naive_run(rest, len, limits.binary);
    match marker {
        0x80..=0x8f => match (marker, rest.first()) {
            (0x81, None) => Err(CodecError::Truncated),
            (0x81, Some(key)) if key >> 5 == 0b101 || [0xd9, 0xda, 0xdb].contains(key) => inside(2, rest),
            _ => Err(CodecError::Unused),
        },
        0x90..=0x9f => array(((marker & 15).into(), rest)),
        0xdc => array(naive_len(rest, 2)?),
        0xdd => array(naive_len(rest, 4)?),
        0xa0..=0xbf => text(((marker & 31).into(), rest)),
        0xd9 => text(naive_len(rest, 1)?),
        0xda => text(naive_len(rest, 2)?),
        0xdb => text(naive_len(rest, 4)?),
        0xc4 => binary(naive_len(rest, 1)?),
        0xc5 => binary(naive_len(rest, 2)?),
        0xc6 => binary(naive_len(rest, 4)?),
        0xc1 | 0xc7..=0xc9 | 0xd4..=0xd8 | 0xde | 0xdf => Err(CodecError::Unused),
        0xcc | 0xd0 => naive_run(rest, 1, 1),
        0xcd | 0xd1 => naive_run(rest, 2, 2),
        0xca | 0xce | 0xd2 => naive_run(rest, 4, 4),
        0xcb | 0xcf | 0xd3 => naive_run(rest, 8, 8),
        0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => Ok(rest),
    }
}

fn naive_len(bytes: &[u8], width: usize) -> Result<(usize, &[u8]), CodecError> {
    if bytes.len() < width {
        return Err(CodecError::Truncated);
    }
    let mut len = 0usize;
    for byte in &bytes[..width] {
        len = len * 256 + usize::from(*byte);
    }
    Ok((len, &bytes[width..]))
}

fn naive_run(bytes: &[u8], len: usize, most: usize) -> Result<&[u8], CodecError> {
    match len {
        _ if len > most => Err(CodecError::TooLong),
        _ if len > bytes.len() => Err(CodecError::Truncated),
        _ => Ok(&bytes[len..]),
    }
}

fn shape<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    decode(bytes, &Limits::PEER)
}

fn read_as_rmp_serde_does<T: DeserializeOwned + PartialEq + fmt::Debug>(bytes: &[u8]) {
    assert_eq!(shape::<T>(bytes).ok(), rmp_serde::from_slice(bytes).ok(), "{bytes:02x?}");
}

proptest! {
    #[test]
    fn what_a_browser_says_comes_back(message in to_server()) {
        prop_assert_eq!(decode(&encode(&message), &Limits::SERVER), Ok(message));
    }

    #[test]
    fn what_the_server_says_comes_back(message in from_server()) {
        prop_assert_eq!(decode(&encode(&message), &Limits::SERVER), Ok(message));
    }

    #[test]
    fn what_peers_say_comes_back(message in peer_message()) {
        prop_assert_eq!(decode(&encode(&message), &Limits::PEER), Ok(message));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode::<ToServer>(&bytes, &Limits::SERVER);
        let _ = decode::<FromServer>(&bytes, &Limits::SERVER);
        let _ = decode::<Message>(&bytes, &Limits::PEER);
    }

    #[test]
    fn a_message_with_one_byte_changed_is_read_or_refused(
        message in peer_message(), at in any::<prop::sample::Index>(), to in any::<u8>(),
    ) {
        let mut bytes = encode(&message);
        let at = at.index(bytes.len());
        bytes[at] = to;
        // What is read at all is a message, hence can be said and read again.
        if let Ok(message) = decode::<Message>(&bytes, &Limits::PEER) {
            prop_assert_eq!(decode(&encode(&message), &Limits::PEER), Ok(message));
        }
    }

    #[test]
    fn what_is_read_rmp_serde_reads_the_same(
        message in peer_message(), at in any::<prop::sample::Index>(), to in any::<u8>(),
    ) {
        let mut bytes = encode(&message);
        prop_assert_eq!(rmp_serde::from_slice(&bytes).ok(), Some(message));
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(read) = decode::<Message>(&bytes, &Limits::PEER) {
            prop_assert_eq!(rmp_serde::from_slice(&bytes).ok(), Some(read));
        }
    }

    #[test]
    fn scalars_are_read_as_rmp_serde_reads_them(marker: u8, after in any::<[u8; 8]>()) {
        // As many of the eight bytes as the marker asks for.
        let bytes = [&[marker][..], &after].concat();
        if let Some(end) = (1..=9).find(|end| scan(&bytes[..*end], &Limits::PEER).is_ok()) {
            read_as_rmp_serde_does::<u8>(&bytes[..end]);
            read_as_rmp_serde_does::<u64>(&bytes[..end]);
            read_as_rmp_serde_does::<i8>(&bytes[..end]);
            read_as_rmp_serde_does::<i64>(&bytes[..end]);
            read_as_rmp_serde_does::<Option<u16>>(&bytes[..end]);
            read_as_rmp_serde_does::<bool>(&bytes[..end]);
        }
    }

    #[test]
    fn every_prefix_of_a_message_is_truncated(message in to_server()) {
        let bytes = encode(&message);
        for end in 0..bytes.len() {
            prop_assert_eq!(decode::<ToServer>(&bytes[..end], &Limits::SERVER), Err(CodecError::Truncated));
        }
    }

    #[test]
    fn the_scan_agrees_with_the_naive_one(bytes in almost_msgpack()) {
        prop_assert_eq!(scan(&bytes, &SMALL), naive(&bytes, &SMALL));
    }

    #[test]
    fn the_scan_agrees_with_the_naive_one_on_messages(message in peer_message(), depth in 0..6u8, items in 0..9usize) {
        let limits = Limits { depth, items, ..Limits::PEER };
        let bytes = encode(&message);
        prop_assert_eq!(scan(&bytes, &limits), naive(&bytes, &limits));
    }
}

#[test]
fn each_limit_is_inclusive_and_has_its_own_refusal() {
    let cases: &[(&[u8], Result<(), CodecError>)] = &[
        (&[], Err(CodecError::Truncated)),
        (&[0xc0], Ok(())),
        (&[0xc0, 0xc0], Err(CodecError::Trailing)),
        (&[0x91, 0x91, 0x90], Ok(())),
        (&[0x91, 0x91, 0x91, 0x90], Err(CodecError::TooDeep)),
        (&[0x94, 1, 2, 3, 4], Ok(())),
        (&[0x95, 1, 2, 3, 4, 5], Err(CodecError::TooMany)),
        (&[0xa5, b'a', b'a', b'a', b'a', b'a'], Ok(())),
        (&[0xa6, b'a', b'a', b'a', b'a', b'a', b'a'], Err(CodecError::TooLong)),
        (&[0xc4, 6, 0, 0, 0, 0, 0, 0], Ok(())),
        (&[0xc4, 7, 0, 0, 0, 0, 0, 0, 0], Err(CodecError::TooLong)),
    ];
    for (bytes, expected) in cases {
        assert_eq!(scan(bytes, &SMALL), *expected, "{bytes:02x?}");
    }
}

#[test]
fn forms_that_messages_never_use_are_refused() {
    let cases: &[&[u8]] = &[
        &[0xc1],
        &[0xd4, 1, 0],
        &[0xc7, 0, 1],
        &[0xd6, 0xff, 0, 0, 0, 0],
        &[0x80],
        &[0x82, 0xa1, b'a', 1, 0xa1, b'b', 2],
        &[0x81, 1, 1],
        &[0xde, 0, 1, 0xa1, b'a', 1],
        &[0xdf, 0, 0, 0, 1, 0xa1, b'a', 1],
    ];
    for bytes in cases {
        assert_eq!(decode::<ToServer>(bytes, &Limits::SERVER), Err(CodecError::Unused), "{bytes:02x?}");
    }
}

#[test]
fn claims_of_great_length_are_refused_before_anything_is_reserved() {
    for head in [0xdd, 0xdb, 0xc6] {
        let expected = if head == 0xdd { CodecError::TooMany } else { CodecError::TooLong };
        assert_eq!(decode::<Message>(&[head, 255, 255, 255, 255], &Limits::PEER), Err(expected));
    }
    let full = [&[0xdc, 2, 0][..], &[0xc0; 100]].concat();
    assert_eq!(decode::<Message>(&full, &Limits::PEER), Err(CodecError::Truncated));
}

#[test]
fn a_message_of_nothing_but_nesting_costs_no_stack() {
    for head in [&[0x91][..], &[0x81, 0xa1, b's']] {
        let tower = head.repeat(server::MAX_MESSAGE / head.len());
        assert_eq!(decode::<ToServer>(&tower, &Limits::SERVER), Err(CodecError::TooDeep));
        let limitless = Limits { depth: u8::MAX, ..Limits::SERVER };
        assert_eq!(decode::<ToServer>(&tower, &limitless), Err(CodecError::TooDeep));
    }
}

#[test]
fn the_deepest_nesting_is_reached_and_not_passed() {
    let limits = Limits { depth: DEEPEST, ..Limits::SERVER };
    let tower = |depth: u8| [[0x91].repeat(depth.into()), vec![0xc0]].concat();
    assert_eq!(scan(&tower(DEEPEST), &limits), Ok(()));
    assert_eq!(scan(&tower(DEEPEST + 1), &limits), Err(CodecError::TooDeep));
}

#[test]
fn what_is_well_formed_but_no_message_is_a_matter_of_shape() {
    let cases: &[&[u8]] = &[
        &[0xc0],
        &[0x90],
        &[0xa1, b'h'],
        &[0x81, 0xa1, b'?', 0x90],
        &[0x81, 0xa1, b'h', 0x90],
        &[0x81, 0xa1, b'h', 0x92, 1, 2],
        &[0x81, 0xa1, b'h', 0x91, 0xff],
        &[0x81, 0xa1, b'j', 0x91, 0xc4, 2, 0, 0],
        // An array of one where a map of one belongs.
        &[0x92, 0x91, 0xa1, b'h', 0x91, 1],
    ];
    for bytes in cases {
        assert_eq!(decode::<ToServer>(bytes, &Limits::SERVER), Err(CodecError::Shape), "{bytes:02x?}");
    }
}

#[test]
fn each_shape_has_one_form() {
    assert_eq!(shape::<bool>(&[0xc3]), Ok(true));
    assert_eq!(shape::<bool>(&[1]), Err(CodecError::Shape));
    assert_eq!(shape::<String>(&[0xa1, b'a']), Ok("a".to_owned()));
    assert_eq!(shape::<String>(&[0xc4, 1, b'a']), Err(CodecError::Shape), "bytes for text");
    assert_eq!(shape::<String>(&[0xa1, 0xff]), Err(CodecError::Shape), "no UTF-8");
    assert_eq!(
        shape::<PeerId>(&[&[0xb0][..], &[b'a'; 16]].concat()),
        Err(CodecError::Shape),
        "text for bytes"
    );
    assert_eq!(shape::<PeerId>(&[&[0xdc, 0, 16][..], &[1; 16]].concat()), Err(CodecError::Shape), "numbers");
    assert_eq!(shape::<Option<u8>>(&[0xc0]), Ok(None));
    assert_eq!(shape::<Option<u8>>(&[7]), Ok(Some(7)));
    assert_eq!(shape::<Vec<u8>>(&[0x92, 1, 2]), Ok(vec![1, 2]));
    assert_eq!(shape::<(u8, u8)>(&[0x93, 1, 2, 3]), Err(CodecError::Shape), "one too many");
    assert_eq!(shape::<(u8, u8)>(&[0x91, 1]), Err(CodecError::Shape), "one too few");
    assert_eq!(shape::<u8>(&[0xcd, 1, 0]), Err(CodecError::Shape), "out of range");
    assert_eq!(shape::<u8>(&[0xca, 0, 0, 0, 0]), Err(CodecError::Shape), "a fraction");
}

#[test]
fn a_variant_is_its_letter_with_fields_or_without_as_it_was_declared() {
    assert_eq!(shape::<No>(&[0xa1, b'b']), Ok(No::Busy));
    assert_eq!(shape::<No>(&[1]), Err(CodecError::Shape), "its number");
    assert_eq!(shape::<No>(&[0x81, 0xa1, b'b', 0xc0]), Err(CodecError::Shape), "fields that it has not");
    assert_eq!(shape::<No>(&[0x91, 0xa1, b'b']), Err(CodecError::Shape), "an array of one");
    assert_eq!(shape::<Message>(&[0x81, 0xa1, b'i', 0x91, 7]), Ok(Message::Ping { nonce: 7 }));
    assert_eq!(shape::<Message>(&[0xa1, b'i']), Err(CodecError::Shape), "without its fields");
    assert_eq!(shape::<Message>(&[0x81, 0xa1, b'i', 7]), Err(CodecError::Shape), "a number for its fields");
}

#[test]
fn a_message_may_be_as_long_as_agreed_and_no_longer() {
    let signal = |len| {
        let (topic, to) = (Topic::new([1; 16]), PeerId::new([2; 16]));
        encode(&ToServer::Signal { topic, to, payload: vec![0; len] })
    };
    assert!(decode::<ToServer>(&signal(MAX_PAYLOAD), &Limits::SERVER).is_ok());
    assert_eq!(decode::<ToServer>(&signal(MAX_PAYLOAD + 1), &Limits::SERVER), Err(CodecError::TooLong));
    assert_eq!(
        decode::<ToServer>(&vec![0xc0; server::MAX_MESSAGE + 1], &Limits::SERVER),
        Err(CodecError::TooLong)
    );
    assert_eq!(
        decode::<ToServer>(&vec![0xc0; server::MAX_MESSAGE], &Limits::SERVER),
        Err(CodecError::Trailing)
    );
}

#[test]
fn one_sided_vocabulary_is_not_taken_for_the_other() {
    let welcome = FromServer::Welcome { version: 1, you: PeerId::new([0; 16]) };
    assert_eq!(decode::<ToServer>(&encode(&welcome), &Limits::SERVER), Err(CodecError::Shape));
}
