//! What goes wrong on purpose: how it is brought about, and what is told of it.

use std::{path::Path, pin::pin, time::Duration};

use slipstream_stage::{Fault, Scene, Seat, Visit};

use crate::{counted::Counted, record::Record, scenario::FaultKind, units};

/// What went wrong on purpose.
#[derive(Clone, Debug)]
pub(crate) struct Mishap {
    /// Which fault.
    pub(crate) kind: FaultKind,
    /// What was done, in words.
    pub(crate) done: String,
    /// Whether it came to pass: a fault that hit nothing shows nothing.
    pub(crate) came_to_pass: bool,
    /// What A counted until then or since, where it could still be asked.
    pub(crate) counted_by_a: Option<Counted>,
    /// What B counted during its first visit.
    pub(crate) counted_by_b: Counted,
}

/// What is known of how a fault struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    /// Stored bodies of A that were altered.
    pub(crate) altered: u64,
    /// Whether A was still sending when it was killed.
    pub(crate) hit: bool,
    /// Bytes of all images of the page.
    pub(crate) images: u64,
}

impl Mishap {
    /// Tells what came of a fault; `near` is B's first visit.
    pub(crate) fn of(kind: FaultKind, near: &Record, counted_by_a: Option<Counted>, effect: Effect) -> Self {
        let from_a = units::bytes(near.served.peer);
        let (done, came_to_pass) = match kind {
            FaultKind::Corrupt => {
                let found_by_a = counted_by_a.as_ref().map_or(0, |counted| counted.verifications_failed);
                let done = format!(
                    "A was stopped, one bit of each of its {} stored bodies was changed, and A was started again. \
                     {from_a} came from it.",
                    effect.altered
                );
                (done, effect.altered > 0 && found_by_a + near.counted.verifications_failed > 0)
            }
            FaultKind::PeerDies => {
                let done = format!(
                    "A was killed when it had sent a quarter of the images. {from_a} had come from it whole by then."
                );
                (done, effect.hit && near.served.peer < effect.images)
            }
            FaultKind::ServerDies => {
                let done = format!(
                    "The server was killed when A and B had met, before B loaded. {from_a} came from A all the same."
                );
                (done, near.served.peer > 0)
            }
        };
        Self { kind, done, came_to_pass, counted_by_a, counted_by_b: near.counted.clone() }
    }
}

/// Stops A, so that nothing is left in its memory, and alters what it has on the disk before it is asked for it.
pub(crate) async fn restart_with_altered_shelf(
    scene: &Scene,
    a: Seat,
    profile: &Path,
) -> Result<(Seat, u64), Fault> {
    a.close().await?;
    let a = scene.member_on(profile).await?;
    let altered = a.corrupt_shelf().await?;
    Ok((a, altered))
}

/// B visits; A is killed in the middle of it, as soon as it has sent so many bytes. Says whether it came to that.
pub(crate) async fn visit_and_kill(
    scene: &Scene,
    a: Seat,
    b: &Seat,
    enough: u64,
) -> Result<(Visit, bool), Fault> {
    let mut visiting = pin!(b.visit(scene));
    let sends = {
        let sent =
            format!("chrome.runtime.sendMessage({{type: 'stats'}}).then((s) => s.all.uploaded > {enough})");
        let sends = a.desk()?.wait_for(&sent, LONG);
        tokio::select! {
            visit = &mut visiting => return Ok((visit?, false)),
            sends = sends => sends,
        }
    };
    sends?;
    tokio::task::block_in_place(|| a.kill());
    Ok((visiting.await?, true))
}

/// The visit that is waited for beside it has a deadline of its own.
const LONG: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{scenario::Scenario, summary::samples};

    fn came_to_pass(kind: FaultKind, near: &Record, failed: u64, effect: Effect) -> bool {
        let counted = Counted { verifications_failed: failed, ..Counted::default() };
        Mishap::of(kind, near, Some(counted), effect).came_to_pass
    }

    #[test]
    fn a_fault_that_hit_nothing_did_not_come_to_pass() {
        let half = samples::record(Scenario::Near, 1_400.0, 2_000_000);
        let nothing = samples::record(Scenario::Near, 1_400.0, 4_000_000);
        let effect = Effect { altered: 60, hit: true, images: 4_000_000 };
        assert!(came_to_pass(FaultKind::Corrupt, &nothing, 60, effect));
        assert!(!came_to_pass(FaultKind::Corrupt, &nothing, 0, effect));
        assert!(!came_to_pass(FaultKind::Corrupt, &nothing, 60, Effect { altered: 0, ..effect }));
        assert!(came_to_pass(FaultKind::PeerDies, &half, 0, effect));
        assert!(!came_to_pass(FaultKind::PeerDies, &half, 0, Effect { hit: false, ..effect }));
        assert!(!came_to_pass(FaultKind::PeerDies, &half, 0, Effect { images: 2_000_000, ..effect }));
        assert!(came_to_pass(FaultKind::ServerDies, &half, 0, effect));
        assert!(!came_to_pass(FaultKind::ServerDies, &nothing, 0, effect));
    }
}
