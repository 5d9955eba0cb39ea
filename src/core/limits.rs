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
/// Bodies of which it is remembered that deflating them does not pay.
pub const PLAIN_BODIES: usize = 1_024;
/// Questions about pages and bodies that a peer may ask in a minute (§4.2); the rest is told "busy".
pub const QUESTIONS_PER_MIN: u64 = 200;
/// A transfer without a byte for so long is given up while a page waits for it, in ms. §5.2 asks for the first byte
/// after 150 ms and 256 kbit/s from then on; twice that and a little leaves room for a peer's cold disk.
pub const TRANSFER_STALL_MS: u64 = 400;
/// A timer that rings so much too late tells of a busy machine, not of a silent peer, in ms.
pub const OVERSLEPT_MS: u64 = 100;
/// Longest time of one transfer that a page waits for, in ms (§5.2), where the origin would not take longer still.
pub const TRANSFER_TOTAL_MS: u64 = 1_000;
/// Without an answer to "what does this page load" for so long, the load goes on without this peer, in ms.
pub const ASK_PAGE_MS: u64 = 300;
/// A load asks a peer that comes while it is under way, up to so long after its beginning, in ms.
pub const ASK_LATE_MS: u64 = 2_000;
/// Stop handing frames to a channel above this many bytes in its queue (facts W25).
pub const CHANNEL_HIGH: u64 = 1024 * 1024;
/// Go on below this many (facts W25).
pub const CHANNEL_LOW: u32 = 256 * 1024;
/// Upload rate to group members on the same network, in bytes per second: 20 Mbit/s (§3.7).
pub const LAN_UPLOAD_RATE: u64 = 20_000_000 / 8;
/// Burst that the upload rate allows, in bytes: a quarter of a second, so that a small body is not cut up by timers.
pub const UPLOAD_BURST: u64 = LAN_UPLOAD_RATE / 4;

/// With less than this left of a day's or a month's upload, nothing more is promised, in bytes.
pub const UPLOAD_REST: u64 = 64 * 1024;
/// With less than this left for the browser to store, nothing more is kept, in bytes: a few pages' worth.
pub const DISK_FREE: u64 = 64 * 1024 * 1024;
/// The number on the toolbar button changes at most this often, in ms.
pub const COUNT_MS: u64 = 500;
/// What must outlive the engine is written this long after it changed, in ms.
pub const LEDGER_MS: u64 = 10_000;

/// Time from the beginning of an introduction to the confirmation on the open channel, in ms. §5.2 gives the
/// confirmation 3 s; gathering and checking come before it.
pub const INTRODUCTION_MS: u64 = 10_000;
/// Time that an open channel has to say hello, in ms (§5.2).
pub const HELLO_MS: u64 = 3_000;
/// A connection that may take any way opens within so long, or relays alone are tried, in ms. Across a continent, ICE
/// and DTLS take a second; seen behind real NATs, some pairs of a relay and a direct way are never done with it.
pub const DIRECT_MS: u64 = 4_000;
/// A channel that may have taken any way, and brought nothing after the greeting, is pinged after so long, in ms
/// (§4.4): pairs of a relay and a direct way open and then carry nothing (facts W16).
pub const PROBE_MS: u64 = 1_000;
/// The answer to that is waited for so long, in ms (§4.4).
pub const PROBE_ANSWER_MS: u64 = 2_000;
/// A silent channel is pinged after so long, in ms (§5.2).
pub const PING_MS: u64 = 15_000;
/// A channel that does not answer for so long is closed, in ms.
pub const SILENT_MS: u64 = 25_000;
/// Candidates kept for a peer whose description has not come, or sent to it (§5.3).
pub const CANDIDATES: usize = 8;
/// Introductions begun per minute (§5.2, group).
pub const INTRODUCTIONS_PER_MIN: usize = 20;
/// Signals forwarded for one peer per minute: four introductions with all candidates each.
pub const FORWARDS_PER_MIN: usize = 48;
/// A peer is given so long to be of use before it makes room for another, in ms.
pub const SETTLED_MS: u64 = 10_000;
/// Browsers of which it is known who can reach them.
pub const ROUTES: usize = 256;
/// With fewer peers than three quarters of the most, a peer of a peer is met every so often, in ms.
pub const FILL_MS: u64 = 10_000;
/// Members who asked for a page are remembered, so many in all.
pub const ASKERS: usize = 256;
/// And for so long, in ms: they have the page, or will have it in a moment.
pub const ASKER_MS: u64 = 600_000;
/// Members that one question is referred to at most.
pub const REFERRALS: usize = 4;
/// Referrals that one load keeps, from all peers.
pub const REFERRALS_HELD: usize = 16;
/// Members that are met for the sake of one load at most.
pub const REFERRALS_MET: usize = 2;
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
/// How long a peer that let things stall is not met again, in ms (§5.4: a protocol error counts as much).
pub const AVOID_MS: u64 = 600_000;
/// Bodies that make up for one thing that stalled.
pub const FORGIVEN: u32 = 32;
/// So often a peer may let something stall.
pub const STRIKES: u8 = 3;
/// Certificates and names remembered as banned.
pub const BANS: usize = 512;

/// A page without news from its plan for so long goes to the origin for all it waits for, in ms (§3.3 D4).
pub const PAGE_SILENCE_MS: u64 = 1_000;
/// And at most so long, in ms, while one large body comes from a peer: as long as for what another is loading just now.
pub const PAGE_PATIENCE_MS: u64 = EXPECT_MOST_MS;
/// Longest time that a page's load event is held back, in ms, whatever comes.
pub const PAGE_HOLD_MS: u64 = 4_000;
/// A service worker that was asked what a tab has loaded is not waited for any longer, in ms: it may have to start.
pub const REPORT_MS: u64 = 2_000;
/// An image that a member who loads the same page will have soon is waited for so long at most, in ms.
pub const EXPECT_MS: u64 = 4_000;
/// And without news from that member only so long, in ms: one large image on a line of 2 Mbit/s.
pub const EXPECT_SILENCE_MS: u64 = 1_500;
/// On a line where the document itself took long, both grow with it, up to so much and twice as much, in ms.
pub const EXPECT_MOST_MS: u64 = 30_000;
/// Bytes of bodies from peers that were of no use to a page; beyond it the page asks no peer any more (§3.7).
pub const PAGE_WASTE: u64 = 1024 * 1024;
/// A peer that said "busy" is asked for bodies again after so long, in ms: about what it takes to send one.
pub const BUSY_MS: u64 = 150;
/// Bodies read from a page's cache at once (facts S57).
pub const HARVEST_PARALLEL: usize = 3;
/// A harvest that the page does not answer is given up after so long, in ms.
pub const HARVEST_MS: u64 = 20_000;

/// Bytes of bodies kept in memory in front of the shelf.
pub const CACHE_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes of verified bodies that wait for a page to appear, for one load.
pub const LOAD_BYTES: u64 = 48 * 1024 * 1024;
