//! Figures of the running server. Numbers only: no address, topic or peer id ever becomes one.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::refusal::Refusal;

/// The figures at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Open WebSockets.
    pub connections: usize,
    /// Topics with members.
    pub topics: usize,
    /// Memberships, over all topics.
    pub members: usize,
    /// Nodes that share topics, this one included.
    pub nodes: usize,
    /// Messages read since the start.
    pub messages: u64,
    /// Signals handed on since the start.
    pub relayed: u64,
    /// Signals that found nobody since the start.
    pub gone: u64,
    /// Other answers since the start: welcomes, introductions, STUN and TURN servers.
    pub answered: u64,
    pub(crate) refused: [u64; Refusal::ALL.len()],
}

impl Metrics {
    /// How often something was refused for this reason since the start.
    pub const fn refused(&self, refusal: Refusal) -> u64 {
        self.refused[refusal as usize]
    }

    /// The text form that Prometheus reads (exposition format 0.0.4).
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut figure = |name: &str, kind: &str, value: u64| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "# TYPE slipstream_{name} {kind}\nslipstream_{name} {value}");
        };
        figure("connections", "gauge", self.connections as u64);
        figure("topics", "gauge", self.topics as u64);
        figure("members", "gauge", self.members as u64);
        figure("nodes", "gauge", self.nodes as u64);
        if let Some(bytes) = resident() {
            figure("resident_bytes", "gauge", bytes);
        }
        figure("messages_total", "counter", self.messages);
        figure("relayed_total", "counter", self.relayed);
        figure("gone_total", "counter", self.gone);
        figure("answered_total", "counter", self.answered);
        let _ = writeln!(text, "# TYPE slipstream_refused_total counter");
        for (refusal, count) in Refusal::ALL.iter().zip(self.refused) {
            let _ = writeln!(text, "slipstream_refused_total{{reason=\"{}\"}} {count}", refusal.name());
        }
        text
    }
}

/// What is counted as it happens.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) messages: AtomicU64,
    pub(crate) relayed: AtomicU64,
    pub(crate) gone: AtomicU64,
    pub(crate) answered: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
}

impl Counters {
    pub(crate) fn refuse(&self, refusal: Refusal) {
        self.refused[refusal as usize].fetch_add(1, Relaxed);
    }

    /// The counters, without the gauges.
    pub(crate) fn read(&self) -> Metrics {
        Metrics {
            messages: self.messages.load(Relaxed),
            relayed: self.relayed.load(Relaxed),
            gone: self.gone.load(Relaxed),
            answered: self.answered.load(Relaxed),
            refused: self.refused.each_ref().map(|count| count.load(Relaxed)),
            ..Metrics::default()
        }
    }
}

/// Bytes of memory that the process occupies, where the system says (Linux).
pub(crate) fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_stands_on_a_line_of_its_own() {
        let counters = Counters::default();
        counters.refuse(Refusal::Slow);
        let text = Metrics { connections: 3, ..counters.read() }.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["# TYPE slipstream_connections gauge", "slipstream_connections 3"]);
        assert!(lines.contains(&"slipstream_refused_total{reason=\"slow\"} 1"));
        let figures = if cfg!(target_os = "linux") { 9 } else { 8 };
        assert_eq!(lines.len(), figures * 2 + 1 + Refusal::ALL.len());
    }
}
