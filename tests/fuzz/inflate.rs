//! Bodies that another browser deflated.

use slipstream_core::inflate::{deflate_if_it_pays, inflate};

/// The first two bytes are the length that the record promises.
pub(crate) fn run(bytes: &[u8]) {
    let Some((&cap, deflated)) = bytes.split_first_chunk::<2>() else { return };
    let cap = u64::from(u16::from_le_bytes(cap));
    if let Ok(body) = inflate(deflated, cap) {
        assert!(body.len() as u64 <= cap, "no more than promised");
        assert!(body.len() <= 50 * deflated.len(), "no bomb");
        assert_eq!(inflate(deflated, body.len() as u64).as_ref(), Ok(&body));
        if let Some(short) = body.len().checked_sub(1) {
            assert!(inflate(deflated, short as u64).is_err(), "a byte more is refused");
        }
    }
    if let Some(packed) = deflate_if_it_pays(deflated) {
        assert!(packed.len() < deflated.len());
        assert_eq!(inflate(&packed, deflated.len() as u64).as_deref(), Ok(deflated));
    }
}
