//! The matrix: kinds of translation on both sides, against the help that is announced.

use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Fault;
use crate::bed::{Bed, Place, Translation};
use crate::middle::{Help, Middle};
use crate::seat::{Connection, Seat};

/// One cell.
struct Case {
    sides: [Translation; 2],
    help: Help,
    relay_only: bool,
}

/// What was seen in it.
struct Seen {
    /// How long it took until both had a proven channel that lasted.
    met: Option<Duration>,
    left: Vec<Connection>,
    right: Vec<Connection>,
}

/// Plays all cells and prints them; whether each came out as it should. Where the machine allows no namespaces, it
/// says so and nothing is wrong.
pub(crate) fn run() -> Result<bool, Fault> {
    if let Some(obstacle) = Bed::obstacle() {
        println!("nat: skipped: {obstacle}");
        return Ok(true);
    }
    let bed = Bed::make()?;
    let middle = Middle::start(|| bed.open(Place::Middle))?;
    let mut left = Seat::take(bed.open(Place::Left)?, middle.spki.clone());
    let mut right = Seat::take(bed.open(Place::Right)?, middle.spki.clone());
    println!(
        "{:<22} {:<20} {:>9}  {:<34} as expected",
        "translation", "announced", "met", "by (own/other), dead before"
    );
    let mut all_well = true;
    for (number, case) in cases().iter().enumerate() {
        bed.translate(Place::LeftRouter, case.sides[0])?;
        bed.translate(Place::RightRouter, case.sides[1])?;
        let seen = play(&mut left, &mut right, case, number)?;
        let well = case.should_meet() == seen.met.is_some();
        all_well &= well;
        let met = seen.met.map_or_else(|| "no".to_owned(), |after| format!("{} ms", after.as_millis()));
        println!(
            "{:<22} {:<20} {met:>9}  {:<34} {}",
            format!("{:?}, {:?}", case.sides[0], case.sides[1]).to_lowercase(),
            case.announced(),
            seen.way(),
            if well { "yes" } else { "NO" }
        );
    }
    drop((left, right, middle));
    Ok(all_well)
}

fn cases() -> Vec<Case> {
    use Translation::{Cone, Symmetric};
    let mut cases = Vec::new();
    for sides in [[Cone, Cone], [Cone, Symmetric], [Symmetric, Symmetric]] {
        cases.extend(Help::ALL.map(|help| Case { sides, help, relay_only: false }));
        cases.push(Case { sides, help: Help::StunAndTurn, relay_only: true });
    }
    cases
}

impl Case {
    fn should_meet(&self) -> bool {
        match self.help {
            Help::Nothing => false,
            Help::Stun => self.sides == [Translation::Cone; 2],
            Help::StunAndTurn => true,
        }
    }

    const fn announced(&self) -> &'static str {
        match self.help {
            Help::Nothing => "nothing",
            Help::Stun => "STUN",
            Help::StunAndTurn if self.relay_only => "TURN, relays only",
            Help::StunAndTurn => "STUN and TURN",
        }
    }

    /// Settings of both, in a group of their own.
    fn settings(&self, number: usize) -> Value {
        let secret = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("nat {number}")));
        json!({
            "sharing": "group",
            "signal": { "url": self.help.url() },
            "group": { "name": "nat", "secret": secret },
            "ice": { "lanOnly": false, "relayOnly": self.relay_only },
        })
    }
}

fn play(left: &mut Seat, right: &mut Seat, case: &Case, number: usize) -> Result<Seen, Fault> {
    let settings = case.settings(number);
    left.set(&settings)?;
    right.set(&settings)?;
    let begin = Instant::now();
    let patience = if case.should_meet() { PATIENCE } else { ENOUGH };
    let mut since: Option<Instant> = None;
    while begin.elapsed() < patience && since.is_none_or(|since| since.elapsed() < LASTING) {
        let both = left.met()? > 0 && right.met()? > 0;
        since = if both { since.or_else(|| Some(Instant::now())) } else { None };
        sleep(POLL);
    }
    let met = since.filter(|since| since.elapsed() >= LASTING).map(|since| since - begin);
    Ok(Seen { met, left: left.connections()?, right: right.connections()? })
}

impl Seen {
    /// The pairs of both sides, and the connections that opened and were given up.
    fn way(&self) -> String {
        let alive = |side: &[Connection]| {
            let one = side.iter().find(|one| one.alive && self.met.is_some());
            one.and_then(|one| one.pair.clone()).unwrap_or_else(|| "–".to_owned())
        };
        let dead = self
            .left
            .iter()
            .chain(&self.right)
            .filter(|one| one.opened && !one.alive && !one.relayed)
            .count();
        let dead = if dead > 0 { format!(", {dead} dead") } else { String::new() };
        format!("{} {}{dead}", alive(&self.left), alive(&self.right))
    }
}

/// What a meeting may take: a dead channel is noticed after three seconds, an introduction ends after ten.
const PATIENCE: Duration = Duration::from_secs(60);
/// Who has not met by then will not: an introduction and a half.
const ENOUGH: Duration = Duration::from_secs(15);
/// A channel that is there for so long is no dead one.
const LASTING: Duration = Duration::from_secs(4);
const POLL: Duration = Duration::from_millis(50);
