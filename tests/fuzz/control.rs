//! The bounded codec under each vocabulary that travels.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use slipstream_wire::{
    codec::{Limits, decode, encode},
    peer::Message,
    server::{FromServer, ToServer},
};

pub(crate) fn peer(bytes: &[u8]) {
    travels::<Message>(bytes, &Limits::PEER);
}

pub(crate) fn to_server(bytes: &[u8]) {
    travels::<ToServer>(bytes, &Limits::SERVER);
}

pub(crate) fn from_server(bytes: &[u8]) {
    travels::<FromServer>(bytes, &Limits::SERVER);
}

/// What was read is within its limits, and reads the same from what it is written as.
fn travels<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8], limits: &Limits) {
    let Ok(message) = decode::<T>(bytes, limits) else { return };
    assert!(bytes.len() <= limits.bytes);
    let written = encode(&message);
    // MessagePack allows a number to be written longer than needed; we never do.
    assert!(written.len() <= bytes.len(), "{message:?}");
    assert_eq!(decode::<T>(&written, limits).as_ref(), Ok(&message));
    assert_eq!(encode(&message), written);
}
