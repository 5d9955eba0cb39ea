//! Time, as it comes from outside. The core has no clock.

/// What the clocks say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds on a clock that only goes forward; its zero means nothing.
    pub ms: u64,
    /// Seconds since the epoch, by the machine's clock.
    pub unix: u64,
}

impl Now {
    /// Days since the epoch: what topics and page tags change with.
    pub const fn day(self) -> u64 {
        self.unix / 86_400
    }
}
