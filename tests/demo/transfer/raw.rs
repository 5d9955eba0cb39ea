//! A bare data channel between the very documents in which the engines live.

use serde_json::Value;
use slipstream_stage::{Fault, Seat};

use super::{Took, ms, offscreen};

const SCRIPT: &str = include_str!("raw.js");

pub(super) struct Raw<'a> {
    taker: &'a Seat,
}

impl<'a> Raw<'a> {
    pub(super) async fn connect(giver: &'a Seat, taker: &'a Seat) -> Result<Self, Fault> {
        for seat in [giver, taker] {
            offscreen(seat, SCRIPT).await?;
        }
        let offer = offscreen(taker, "bareChannel.offer()").await?;
        let answer = offscreen(giver, &format!("bareChannel.answer({offer})")).await?;
        offscreen(taker, &format!("bareChannel.accept({answer})")).await?;
        Ok(Self { taker })
    }

    /// So many times, there and back, in ms.
    pub(super) async fn round_trips(&self, count: u32) -> Result<Vec<f64>, Fault> {
        let times = offscreen(self.taker, &format!("bareChannel.roundTrips({count})")).await?;
        times.as_array().into_iter().flatten().map(ms).collect()
    }

    pub(super) async fn take(&self, size: usize) -> Result<Took, Fault> {
        let time: Value = offscreen(self.taker, &format!("bareChannel.take({size})")).await?;
        Ok(Took { ms: ms(&time)?, ..Took::default() })
    }
}
