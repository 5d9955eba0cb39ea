//! A hasher for names that this server drew at random: they are spread already.

use std::hash::Hasher;

/// Takes the last eight bytes of a [`slipstream_wire::id::PeerId`] as they are. A stranger's name can be looked up,
/// never inserted, so nobody can choose names that collide. Not for topics, which come from outside.
#[derive(Debug, Default)]
pub(crate) struct NameHasher(u64);

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk() {
            self.0 = u64::from_le_bytes(*last);
        }
    }
}
