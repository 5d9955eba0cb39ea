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
  all: { ...nothing, uploaded: 18_600_000 },
  tab: { site, enabled: true, refused: null, counts },
};

/** Nothing has happened yet. */
const nobody = { connected: 0, known: 0, firstMs: null };
const quiet = { ...stats, server: "off", peers: nobody, shelf: empty, all: nothing, tab: null };
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

export const STATES = {
  /** Served from everywhere. */
  busy: { url, origins: ["https://*/*"], settings: member, stats },
  /** Just installed: no permission, no group. */
  fresh: { origins: [], settings: undefined, stats: quiet },
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
    stats: { ...quiet, tab: { ...stats.tab, counts: first } },
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
