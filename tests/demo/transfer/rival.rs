//! `WebTorrent` in a page of each browser. What it takes to meet is not counted: the time begins when the two have shaken
//! hands.

use slipstream_stage::{Fault, Page, Seat};

use super::{PATIENCE, SIZES, Took, address, ms};

const SCRIPT: &str = include_str!("rival.js");

pub(super) struct Rival {
    /// Seeds as long as it is open.
    _giver: Page,
    taker: Page,
}

impl Rival {
    pub(super) async fn prepare(giver: &Seat, taker: &Seat, tracker: &str) -> Result<Self, Fault> {
        let [giver, taker] = [open(giver, tracker).await?, open(taker, tracker).await?];
        for size in SIZES {
            let torrent = giver.evaluate_within(&format!("rival.seed({size})"), PATIENCE).await?;
            taker.evaluate(&format!("rival.know({size}, {torrent})")).await?;
        }
        Ok(Self { _giver: giver, taker })
    }

    pub(super) async fn take(&self, size: usize) -> Result<Took, Fault> {
        let time = self.taker.evaluate_within(&format!("rival.take({size})"), PATIENCE).await?;
        Ok(Took { ms: ms(&time)?, ..Took::default() })
    }
}

async fn open(seat: &Seat, tracker: &str) -> Result<Page, Fault> {
    let page = seat.browser().new_page().await?;
    page.goto(&address("rival.html"), PATIENCE).await?;
    page.evaluate_within(&format!("{SCRIPT}; startRival('{tracker}')"), PATIENCE).await?;
    Ok(page)
}
