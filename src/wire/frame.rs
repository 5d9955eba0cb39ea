//! Frames of a data channel: a fixed header, then either one control message or raw bytes of a body.
//!
//! Layout, big-endian, 16 bytes: `kind u8 | flags u8 | reserved u16 = 0 | transfer u32 | offset u64`. Body bytes never
//! pass through serde. A control frame has transfer and offset 0.

/// Bytes before the payload.
pub const HEADER: usize = 16;
/// Longest frame that any peer accepts, header included, in bytes (SECURITY.md §5.2, facts W24).
pub const MAX_FRAME: usize = 64 * 1024;
/// Longest payload of a frame, in bytes.
pub const MAX_PAYLOAD: usize = MAX_FRAME - HEADER;
/// Chunk size that every peer can take, in bytes.
pub const CHUNK_FLOOR: u32 = 16 * 1024;
/// Chunk size offered unless a channel takes less, in bytes: the payload of the longest frame.
pub const CHUNK_DEFAULT: u32 = 64 * 1024 - 16;

const KIND_CONTROL: u8 = 0;
const KIND_CHUNK: u8 = 1;

/// A frame, borrowing its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// One message of [`crate::peer`], encoded.
    Control(&'a [u8]),
    /// A piece of a body.
    Chunk {
        /// The asker's number for this transfer.
        transfer: u32,
        /// Where the piece belongs, in bytes from the start of what is transferred.
        offset: u64,
        /// The piece, never empty.
        bytes: &'a [u8],
    },
}

/// Why bytes are no frame. Each closes the channel: an honest peer sends none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// Shorter than a header, or a chunk without payload.
    Short,
    /// Longer than [`MAX_FRAME`].
    Long,
    /// A kind, a flag or a reserved field that this version does not know.
    Unknown,
}

impl<'a> Frame<'a> {
    /// Reads one frame; allocates nothing.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FrameError> {
        if bytes.len() > MAX_FRAME {
            return Err(FrameError::Long);
        }
        let (head, payload) = bytes.split_first_chunk::<HEADER>().ok_or(FrameError::Short)?;
        let [kind, flags, r0, r1, t0, t1, t2, t3, o0, o1, o2, o3, o4, o5, o6, o7] = *head;
        if flags != 0 || r0 != 0 || r1 != 0 {
            return Err(FrameError::Unknown);
        }
        if payload.is_empty() {
            return Err(FrameError::Short);
        }
        let transfer = u32::from_be_bytes([t0, t1, t2, t3]);
        let offset = u64::from_be_bytes([o0, o1, o2, o3, o4, o5, o6, o7]);
        match kind {
            KIND_CONTROL if transfer == 0 && offset == 0 => Ok(Self::Control(payload)),
            KIND_CHUNK => Ok(Self::Chunk { transfer, offset, bytes: payload }),
            _ => Err(FrameError::Unknown),
        }
    }

    /// Writes the frame. The caller keeps payloads within [`MAX_PAYLOAD`].
    pub fn to_vec(self) -> Vec<u8> {
        let (kind, transfer, offset, payload) = match self {
            Self::Control(payload) => (KIND_CONTROL, 0, 0, payload),
            Self::Chunk { transfer, offset, bytes } => (KIND_CHUNK, transfer, offset, bytes),
        };
        let mut out = Vec::with_capacity(HEADER + payload.len());
        out.extend_from_slice(&[kind, 0, 0, 0]);
        out.extend_from_slice(&transfer.to_be_bytes());
        out.extend_from_slice(&offset.to_be_bytes());
        out.extend_from_slice(payload);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_went() {
        for frame in [Frame::Control(b"x"), Frame::Chunk { transfer: 7, offset: u64::MAX, bytes: &[1, 2, 3] }]
        {
            assert_eq!(Frame::parse(&frame.to_vec()), Ok(frame));
        }
    }

    #[test]
    fn what_is_no_frame_is_refused_by_name() {
        let mut odd = Frame::Control(b"x").to_vec();
        odd[0] = 9;
        assert_eq!(Frame::parse(&odd), Err(FrameError::Unknown));
        odd[0] = 0;
        odd[1] = 1;
        assert_eq!(Frame::parse(&odd), Err(FrameError::Unknown));
        assert_eq!(Frame::parse(&[0; HEADER]), Err(FrameError::Short));
        assert_eq!(Frame::parse(&[0; 3]), Err(FrameError::Short));
        assert_eq!(Frame::parse(&vec![0; MAX_FRAME + 1]), Err(FrameError::Long));
    }

    #[test]
    fn a_chunk_of_default_size_fills_the_longest_frame() {
        assert_eq!(CHUNK_DEFAULT as usize, MAX_PAYLOAD);
    }
}
