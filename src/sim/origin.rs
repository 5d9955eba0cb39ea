//! The way to the origins: one link for all browsers, shared fairly among what is on its way.

use std::{collections::VecDeque, time::Duration};

use crate::{
    link::{Uplink, span},
    visit::VisitId,
    world::{Event, World},
};

/// So much of one answer passes before the next one has its turn, in bytes.
const TURN: u64 = 16 * 1024;
/// Response fields, and what TLS and TCP add to them, in bytes.
const HEAD: u64 = 600;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Document,
    /// Its place on the page, and the number of this request for it.
    Resource(usize, u32),
}

pub(crate) struct Origin {
    pub(crate) uplink: Uplink,
    answers: VecDeque<Answer>,
    sending: bool,
    /// Bytes that passed, heads included.
    pub(crate) bytes: u64,
    /// Those of them that a peer might have served, without heads.
    pub(crate) shareable: u64,
    /// Requests that were answered.
    pub(crate) requests: u64,
}

#[derive(Clone, Copy)]
pub(crate) struct Answer {
    visit: VisitId,
    wanted: Wanted,
    left: u64,
}

impl Origin {
    pub(crate) const fn new(uplink: Uplink) -> Self {
        Self { uplink, answers: VecDeque::new(), sending: false, bytes: 0, shareable: 0, requests: 0 }
    }

    /// Whether something for this visit is on its way.
    pub(crate) fn owes(&self, visit: VisitId) -> bool {
        self.answers.iter().any(|answer| answer.visit == visit)
    }
}

impl World {
    /// A page asks its origin. A document also waits for the connection.
    pub(crate) fn ask_origin(&mut self, visit: VisitId, wanted: Wanted, length: u64) {
        let rtt = self.origin.uplink.rtt;
        let waits = if wanted == Wanted::Document { rtt * 2 } else { rtt };
        self.plan_in(waits, Event::OriginAnswers(Answer { visit, wanted, left: length + HEAD }));
        self.origin.requests += 1;
    }

    /// The first byte of an answer is at the bottleneck.
    pub(crate) fn origin_answers(&mut self, answer: Answer) {
        if self.is_cancelled(&answer) {
            return;
        }
        if answer.wanted == Wanted::Document {
            self.head_arrives(answer.visit);
        }
        self.origin.answers.push_back(answer);
        if !self.origin.sending {
            self.origin.sending = true;
            self.origin_turns();
        }
    }

    /// The page has taken the address away, or asked again.
    fn is_cancelled(&self, answer: &Answer) -> bool {
        let items = &self.visits[answer.visit.0].items;
        matches!(answer.wanted, Wanted::Resource(at, request) if items[at].requests != request)
    }

    /// The answer whose turn it is sends its piece.
    fn origin_turns(&mut self) {
        let Some(answer) = self.origin.answers.front() else {
            self.origin.sending = false;
            return;
        };
        let takes = span(answer.left.min(TURN), self.origin.uplink.rate);
        self.plan_in(takes.max(Duration::from_micros(1)), Event::OriginTurned);
    }

    pub(crate) fn origin_turned(&mut self) {
        let Some(mut answer) = self.origin.answers.pop_front() else { return };
        let piece = answer.left.min(TURN);
        answer.left -= piece;
        self.origin.bytes += piece;
        if let Wanted::Resource(at, _) = answer.wanted
            && self.visits[answer.visit.0].shareable[at]
        {
            // The head is the last of it.
            self.origin.shareable += piece - piece.min(HEAD.saturating_sub(answer.left));
        }
        if self.is_cancelled(&answer) {
            // The connection's other answers have the room.
        } else if answer.left > 0 {
            self.origin.answers.push_back(answer);
        } else {
            self.origin_gave(answer.visit, answer.wanted);
        }
        self.origin_turns();
    }
}
