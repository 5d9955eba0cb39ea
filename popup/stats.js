/** The numbers of the service worker, asked for once a second while a page can be seen. */

const EVERY_MS = 1000;
/** A cold service worker answers in well under this. */
const DEADLINE_MS = 2000;
/** Answers that may fail to come, while the service worker starts, before the page says so. */
const PATIENCE = 5;

/**
 * @typedef {{network: number, shelf: number, peer: number}} ByOrigin
 * @typedef {object} Counts
 * @property {ByOrigin} requests
 * @property {ByOrigin} bytes
 * @property {number} uploaded  bytes
 * @property {number} verificationsFailed
 * @property {Record<string, number>} refusals  by name
 *
 * @typedef {{low: number, middle: number, high: number, loads: number, savedS: number}} Gain  shares of a load's time
 * @typedef {object} Stats
 * @property {number} version
 * @property {"on" | "starting" | "off"} engine
 * @property {"off" | "connecting" | "connected" | "waiting"} server
 * @property {{connected: number, known: number, firstMs: number | null}} peers
 * @property {{bodies: number, bytes: number, limit: number}} shelf  limit: bytes
 * @property {{pending: number}} harvest
 * @property {Counts} all  since the engine started
 * @property {{requests: ByOrigin, bytes: ByOrigin, uploaded: number}} total  since everything was last cleared
 * @property {number} savedS  seconds, as far as measured
 * @property {{level: "off" | "shelf" | "receive" | "both", limited: boolean, reason: string | null,
 *   percent: number | null, peers: number}} policy
 * @property {null | {site: string | null, enabled: boolean, refused: string | null, gain: Gain | null,
 *   counts: Counts}} tab
 */

/**
 * @param {() => number | undefined} tab  the tab to ask about
 * @param {(stats: Stats | null, lost: boolean) => void} show  null: no answer now; lost: none for a while
 */
export function watchStats(tab, show) {
  let missed = 0;
  let asking = false;
  const ask = async () => {
    if (asking || document.hidden) return;
    asking = true;
    const stats = await askStats(tab());
    asking = false;
    missed = stats ? 0 : missed + 1;
    show(stats, missed >= PATIENCE);
  };
  setInterval(ask, EVERY_MS);
  document.addEventListener("visibilitychange", ask);
  ask();
}

/** A list that the engine has: its loads, peers or sites. @param {"loads" | "peers" | "sites"} type @returns {Promise<any[]>} */
export async function askList(type) {
  const list = await chrome.runtime.sendMessage({ type }).catch(() => null);
  return Array.isArray(list) ? list : [];
}

/** @param {number | undefined} tab @returns {Promise<Stats | null>} */
async function askStats(tab) {
  try {
    const late = new Promise((resolve) => setTimeout(resolve, DEADLINE_MS));
    const stats = await Promise.race([chrome.runtime.sendMessage({ type: "stats", tab }), late]);
    return stats?.version === 1 ? stats : null;
  } catch {
    // Nobody listens yet: the service worker is starting, or the extension is being replaced.
    return null;
  }
}
