/** What the stage can show. Each state is laid over `busy`. */

const nothing = {
  requests: { network: 0, shelf: 0, peer: 0 },
  bytes: { network: 0, shelf: 0, peer: 0 },
  uploaded: 0,
  verificationsFailed: 0,
  refusals: {},
};

const counts = {
  requests: { network: 17, shelf: 41, peer: 23 },
  bytes: { network: 412_000, shelf: 1_310_000, peer: 705_000 },
  uploaded: 0,
  verificationsFailed: 1,
  refusals: { request_type: 9, small: 4, policy: 2, signed_url: 1, peer_late: 1 },
};

const url = "https://www.example.org/gallery";
const empty = { bodies: 0, bytes: 0, limit: 536_870_912 };
const site = "https://www.example.org";
const member = {
  version: 1,
  sharing: "group",
  signal: { url: "wss://signal.example.org/v1" },
  group: { name: "Room 12", secret: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" },
  sites: { "https://bank.example": "off", "https://www.example.org": "on" },
};

const stats = {
  version: 1,
  engine: "on",
  server: "connected",
  peers: { connected: 3, known: 9, firstMs: 840 },
  shelf: { bodies: 1284, bytes: 97_400_000, limit: 536_870_912 },
  harvest: { pending: 0 },
  all: { ...nothing, bytes: { network: 9_400_000, shelf: 31_000_000, peer: 12_000_000 }, uploaded: 18_600_000 },
  total: { requests: { network: 4100, shelf: 3912, peer: 900 }, bytes: { network: 1, shelf: 910_000_000, peer: 380_000_000 }, uploaded: 1 },
  savedS: 754,
  policy: { level: "both", limited: false, reason: null, percent: null, peers: 8, keep: true },
  tab: {
    site, enabled: true, refused: null, counts,
    gain: { low: 0.22, middle: 0.31, high: 0.39, loads: 61, savedS: 120 },
  },
};

/** Nothing has happened yet. */
const nobody = { connected: 0, known: 0, firstMs: null };
const unshared = { level: "shelf", limited: false, reason: "sharing_off", percent: null, peers: 0, keep: true };
const none = { requests: nothing.requests, bytes: nothing.bytes, uploaded: 0 };
const quiet = { ...stats, total: none, savedS: 0, policy: unshared, server: "off", peers: nobody, shelf: empty, all: nothing, tab: null };
const first = {
  ...nothing,
  requests: { network: 22, shelf: 0, peer: 0 },
  bytes: { network: 840_000, shelf: 0, peer: 0 },
};
const many = {
  ...counts,
  bytes: { network: 4_000_000_000, shelf: 900, peer: 5_000_000_000 },
  refusals: {
    request_type: 1229, no_source: 312, small: 44, policy: 12, taint: 9, vary: 7, credentials: 5, stale: 3, size: 2,
    budget: 1,
  },
};

/** @param {object} tab */
const withTab = (tab) => ({ ...stats, tab: { ...stats.tab, ...tab } });

/** @param {object} policy */
const held = (policy) => ({ ...stats, peers: nobody, policy: { ...stats.policy, ...policy } });

const sites = [
  { site, bodies: 214, bytes: 31_000_000 },
  { site: "https://news.example", bodies: 96, bytes: 12_400_000 },
  { site: "https://a-very-long-name-of-a-host.with-many-parts.and-one-more.example.org", bodies: 3, bytes: 41_000 },
];
const peers = [
  { id: 0, ready: true, received: 4_100_000, sent: 900_000, answerMs: 12 },
  { id: 1, ready: true, received: 310_000, sent: 12_000_000, answerMs: 48 },
  { id: 2, ready: true, received: 0, sent: 0, answerMs: null },
  { id: 4, ready: true, received: 90_000, sent: 0, answerMs: 420 },
  { id: 5, ready: false, received: 0, sent: 0, answerMs: null },
];
const plan = [
  { url: `${url}/wren.jpg`, layer: "hold", from: "peer", stand: "given", bytes: 182_000, came: "peer", afterMs: 84 },
  { url: `${url}/logo.svg`, layer: "rule", from: "shelf", stand: "given", bytes: 9_100, came: "shelf", afterMs: 12 },
  { url: `${url}/late.jpg`, layer: "hold", from: "peer", stand: "missed", bytes: 912_000, came: "network", afterMs: 1410 },
];
const loads = [
  { tab: 3, url, ageMs: 12_400, refused: null, plan, counts },
  { tab: 2, url: "https://mail.example/", ageMs: 98_000, refused: "service_worker", plan: [], counts: nothing },
];

export const STATES = {
  /** Served from everywhere. */
  busy: { url, origins: ["https://*/*"], settings: member, stats, sites, peers, loads },
  /** The battery is low. */
  battery: { stats: held({ level: "shelf", reason: "battery_low", percent: 18 }) },
  /** As busy, and more with every look. */
  flowing: { flows: true },
  /** Slowed down. */
  limited: { stats: held({ limited: true, reason: "hidden" }) },
  /** Not known yet whether it helps. */
  unsure: { stats: withTab({ gain: { low: -0.08, middle: 0.04, high: 0.15, loads: 12, savedS: 1 } }) },
  /** An organisation manages some of it. */
  managed: {
    managed: {
      sharing: "group", group: { name: "School", secret: member.group.secret }, limits: { uploadMiBPerDay: 500 },
      sites: { "https://bank.example": "off" },
    },
  },
  /** An organisation manages all of it. */
  locked: { managed: { locked: true, sharing: "group" } },
  /** Just installed: no permission, no group. */
  fresh: { origins: [], settings: undefined, stats: quiet, sites: [], peers: [], loads: [] },
  /** As fresh, where the browser keeps the address of the tab to itself. */
  hidden: { url: undefined, origins: [], settings: undefined, stats: quiet },
  /** A page of the browser. */
  foreign: { url: "chrome://extensions/", stats: { ...stats, tab: null } },
  /** Switched off everywhere. */
  off: { settings: { ...member, enabled: false }, stats: { ...stats, engine: "off", server: "off", tab: null } },
  /** Switched off for the site. */
  site_off: { settings: { ...member, sites: { [site]: "off" } }, stats: withTab({ enabled: false, counts: nothing }) },
  /** The whole page is left alone. */
  refused: { stats: withTab({ refused: "service_worker", counts: { ...nothing, refusals: { service_worker: 31 } } }) },
  /** On this device only, first visit. */
  alone: {
    settings: undefined,
    stats: { ...quiet, tab: { ...stats.tab, gain: null, counts: first } },
  },
  /** The page was open before the extension was there. */
  unseen: { stats: { ...stats, tab: null } },
  /** The service worker has not answered yet, or never will. */
  lost: { stats: undefined },
  /** The introduction server is away. */
  waiting: { stats: { ...stats, server: "waiting", peers: nobody } },
  /** Long names, many reasons. */
  long: {
    url: "https://a-very-long-name-of-a-host.with-many-parts.and-one-more.example.org:8443/",
    settings: { ...member, group: { ...member.group, name: "The whole third floor of the library, weekday evenings" } },
    stats: withTab({ counts: many }),
  },
};
