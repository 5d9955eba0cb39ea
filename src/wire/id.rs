//! Fixed-width names that travel.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! bytes_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(#[serde(with = "serde_bytes")] [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Takes the bytes as they are.
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        /// A short form: enough to tell two apart in a log, too little to look one up.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:02x}{:02x}…)", stringify!($name), self.0[0], self.0[1])
            }
        }
    };
}

bytes_id!(
    /// What the server calls one connection. Random, made by the server, never a key.
    PeerId, 16
);
bytes_id!(
    /// What a browser announces to the server: a blinded bucket, never a URL.
    Topic, 16
);
bytes_id!(
    /// A blinded name: of a body within one connection, or of a page within one group and day.
    Tag, 16
);
bytes_id!(
    /// Half of what makes the tags of a connection its own.
    Salt, 16
);
bytes_id!(
    /// SHA-256 of a body, in messages that carry records.
    Digest, 32
);
