//! Every bound of the engine: a constant with a unit, and the reason or the source beside it.
//!
//! Sections named are those of SECURITY.md unless said otherwise.

/// Tabs whose loads are followed at once; the one that has been silent longest makes room.
pub const LOADS: usize = 64;
/// Subresources of one page that are remembered, planned or harvested. A page with more loads the rest as ever.
pub const PAGE_RESOURCES: usize = slipstream_wire::peer::MAX_ENTRIES;
/// Pages that have a profile. At a few kilobytes each the shelf's index stays below what a page weighs.
pub const PROFILES: usize = 2_000;
/// Records in all partitions.
pub const RECORDS: usize = 50_000;

/// Largest body of a `data:` rule, in bytes (§3.3 D1, facts B24).
pub const RULE_BODY: u64 = 1_500_000;
/// Bytes of bodies in `data:` rules of one tab (§3.3 D1).
pub const RULE_BYTES_PER_TAB: u64 = 2 * 1024 * 1024;
/// `data:` rules of one tab (§3.3 D1).
pub const RULES_PER_TAB: usize = 300;
/// Largest image that a ready plan serves by rule rather than by swap, in bytes: up to here a rule is as fast as a
/// loopback origin (facts B33), and each byte of rules costs time at navigation (facts B26).
pub const RULE_IMAGE: u64 = 16 * 1024;
/// How long verified bodies for rules are collected into one update, in ms (facts B28: never one by one).
pub const RULE_BATCH_MS: u64 = 20;

/// Bodies asked of one peer at once (§5.2).
pub const TRANSFERS_PER_PEER: usize = 2;
/// Bodies asked of all peers at once (§5.2).
pub const TRANSFERS: usize = 8;
/// Bodies sent at once (§5.2).
pub const UPLOADS: usize = 4;
/// Questions and transfers of one peer that wait for an upload slot; the rest is told "busy".
pub const UPLOAD_QUEUE: usize = 32;
/// A transfer without a byte for so long is given up while a page waits for it, in ms. §5.2 asks for the first byte
/// after 150 ms and 256 kbit/s from then on; twice that and a little leaves room for a peer's cold disk.
pub const TRANSFER_STALL_MS: u64 = 400;
/// A timer that rings so much too late tells of a busy machine, not of a silent peer, in ms.
pub const OVERSLEPT_MS: u64 = 100;
/// Longest time of one transfer that a page waits for, in ms (§5.2), where the origin would not take longer still.
pub const TRANSFER_TOTAL_MS: u64 = 1_000;
/// Without an answer to "what does this page load" for so long, the load goes on without this peer, in ms.
pub const ASK_PAGE_MS: u64 = 300;
/// Stop handing frames to a channel above this many bytes in its queue (facts W25).
pub const CHANNEL_HIGH: u64 = 1024 * 1024;
/// Go on below this many (facts W25).
pub const CHANNEL_LOW: u32 = 256 * 1024;
/// Upload rate to group members on the same network, in bytes per second: 20 Mbit/s (§3.7).
pub const LAN_UPLOAD_RATE: u64 = 20_000_000 / 8;
/// Burst that the upload rate allows, in bytes: a quarter of a second, so that a small body is not cut up by timers.
pub const UPLOAD_BURST: u64 = LAN_UPLOAD_RATE / 4;

/// Time from the beginning of an introduction to the confirmation on the open channel, in ms. §5.2 gives the
/// confirmation 3 s; gathering and checking come before it.
pub const INTRODUCTION_MS: u64 = 10_000;
/// Time that an open channel has to say hello, in ms (§5.2).
pub const HELLO_MS: u64 = 3_000;
/// A silent channel is pinged after so long, in ms (§5.2).
pub const PING_MS: u64 = 15_000;
/// A channel that does not answer for so long is closed, in ms.
pub const SILENT_MS: u64 = 25_000;
/// Candidates kept for a peer whose description has not come, or sent to it (§5.3).
pub const CANDIDATES: usize = 8;
/// Introductions begun per minute (§5.2, group).
pub const INTRODUCTIONS_PER_MIN: usize = 20;
/// First pause before the server is tried again, in ms; doubles up to [`RECONNECT_MAX_MS`] with full jitter (§5.4).
pub const RECONNECT_BASE_MS: u64 = 1_000;
/// Longest pause before the server is tried again, in ms (§5.4).
pub const RECONNECT_MAX_MS: u64 = 300_000;
/// A connection to the server that lasted so long resets the pause, in ms (§5.4).
pub const RECONNECT_STABLE_MS: u64 = 60_000;
/// A server that has not answered the greeting after so long is left, in ms (§5.1 gives the browser as long).
pub const GREETING_MS: u64 = 5_000;
/// The server is asked for more peers at most this often, in ms.
pub const REJOIN_MS: u64 = 5_000;
/// How long a peer that sent wrong bytes is not met again, in ms (§5.4: 1 h for a group member).
pub const BAN_MS: u64 = 3_600_000;
/// Peers remembered as banned.
pub const BANS: usize = 256;

/// A page without news from its plan for so long goes to the origin for all it waits for, in ms (§3.3 D4).
pub const PAGE_SILENCE_MS: u64 = 1_000;
/// Longest time that a page's load event is held back, in ms, whatever comes.
pub const PAGE_HOLD_MS: u64 = 4_000;
/// A service worker that was asked what a tab has loaded is not waited for any longer, in ms: it may have to start.
pub const REPORT_MS: u64 = 2_000;
/// Bodies read from a page's cache at once (facts S57).
pub const HARVEST_PARALLEL: usize = 3;
/// A harvest that the page does not answer is given up after so long, in ms.
pub const HARVEST_MS: u64 = 20_000;

/// Bytes of bodies kept in memory in front of the shelf.
pub const CACHE_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes of verified bodies that wait for a page to appear, for one load.
pub const LOAD_BYTES: u64 = 48 * 1024 * 1024;
