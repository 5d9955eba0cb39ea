/**
 * The settings object: its shape, its defaults, what counts as valid, and how it is read and changed.
 *
 * It lives as one JSON object at the key `settings` of chrome.storage.local. Only pages use this module; the
 * service worker listens to `storage.onChanged`. Keys that are not known here are kept as they are, so that an
 * older version does not destroy what a newer one wrote.
 */

import { overlay, storedAndManaged } from "../managed.js";
import { isGroupSecret, MAX_NAME } from "./invite.js";

/** Entries that `sites` may hold; more than a person sets by hand, little enough to show in one list. */
const MAX_SITES = 5000;
/** STUN and TURN servers that `ice.servers` may hold; browsers warn when there are five or more. */
const MAX_ICE_SERVERS = 8;
/** Characters of an address. */
const MAX_URL = 512;

/**
 * @typedef {"on" | "off"} OnOff
 * @typedef {"allow" | "limit" | "receive" | "pause"} Action
 * @typedef {object} Policy
 * @property {{pauseBelowPercent: number, whenDischarging: Action}} battery
 * @property {{cellular: Action, saveData: Action, slowerThan: "never" | "2g" | "3g" | "4g", slow: Action}} network
 * @property {{hidden: Action}} visibility
 * @property {Action} idle
 * @property {{small: Action}} device
 *
 * @typedef {object} Settings
 * @property {number} version
 * @property {boolean} enabled
 * @property {Record<string, OnOff>} sites  by origin; a site that is not listed is on
 * @property {"off" | "group" | "everyone"} sharing
 * @property {{url: string}} signal
 * @property {{name: string, secret: string}} group  secret: 32 bytes in base64url, or empty
 * @property {{servers: RTCIceServer[], relayOnly: boolean, lanOnly: boolean}} ice
 * @property {{min: number, max: number, leaveSignalWhenFull: boolean}} peers
 * @property {{storeMiB: number, uploadMiBPerDay: number, uploadMiBPerMonth: number, uploadKiBps: number}} limits
 * @property {Policy} policy
 * @property {{image: boolean, font: boolean, script: boolean}} types
 * @property {{holdOutPercent: number}} benefit
 * @property {boolean} badge
 * @property {{allowLoopback: boolean}} developer
 *
 * @typedef {[key: string, ...values: (string | number)[]]} Reason  a text of _locales and what it mentions
 * @typedef {{path: string, reason: Reason}} Fault
 * @typedef {(value: unknown) => Reason | null} Check  null: the value is valid
 */

/** What each known key is when nothing is stored, and what it may be. @type {[string, unknown, Check][]} */
const FIELDS = [
  ["version", 1, version],
  ["enabled", true, yesOrNo],
  ["sites", {}, sites],
  ["sharing", "off", oneOf("off", "group", "everyone")],
  ["signal.url", "", signalUrl],
  ["group.name", "", text(MAX_NAME)],
  ["group.secret", "", secret],
  ["ice.servers", [], iceServers],
  ["ice.relayOnly", false, yesOrNo],
  ["ice.lanOnly", true, yesOrNo],
  ["peers.min", 2, whole(0, 32)],
  ["peers.max", 8, whole(1, 32)],
  ["peers.leaveSignalWhenFull", false, yesOrNo],
  ["limits.storeMiB", 512, whole(16, 8192)],
  ["limits.uploadMiBPerDay", 200, whole(0, 100_000)],
  ["limits.uploadMiBPerMonth", 4000, whole(0, 1_000_000)],
  ["limits.uploadKiBps", 512, whole(16, 131_072)],
  ["policy.battery.pauseBelowPercent", 30, whole(0, 100)],
  ["policy.battery.whenDischarging", "limit", action()],
  ["policy.network.cellular", "pause", action()],
  ["policy.network.saveData", "pause", action()],
  ["policy.network.slowerThan", "3g", oneOf("never", "2g", "3g", "4g")],
  ["policy.network.slow", "pause", action()],
  ["policy.visibility.hidden", "limit", action()],
  ["policy.idle", "allow", action()],
  ["policy.device.small", "limit", action()],
  ["types.image", true, yesOrNo],
  ["types.font", true, yesOrNo],
  ["types.script", true, yesOrNo],
  ["benefit.holdOutPercent", 5, whole(0, 50)],
  ["badge", true, yesOrNo],
  ["developer.allowLoopback", false, yesOrNo],
];

/** What the organisation has fixed; read with the settings. @type {any} */
let managed = {};

/** Reads the settings in force. What is missing or damaged has its default. @returns {Promise<Settings>} */
export async function loadSettings() {
  const known = await storedAndManaged();
  managed = known.managed;
  return completed(overlay(completed(known.settings), managed));
}

/** What this person has set, without what is managed. @returns {Promise<Settings>} */
export async function storedSettings() {
  return completed((await chrome.storage.local.get("settings")).settings);
}

/**
 * Whether the organisation has fixed a setting. An entry of `sites` is named `sites`, a line break, and the site.
 * @param {string} path
 */
export function isFixed(path) {
  const [key, site] = path.split("\n");
  return managed.locked === true || (site ? managed.sites?.[site] : valueAt(managed, key)) !== undefined;
}

/** Whether an organisation manages anything here. */
export function isManaged() {
  return Object.keys(managed).length > 0;
}

/**
 * Changes the settings. All pages take turns, so that no change is lost.
 * @param {(settings: Settings) => void} edit
 * @returns {Promise<Settings>} the settings as they are now
 */
export async function changeSettings(edit) {
  await navigator.locks.request("settings", async () => {
    const settings = await storedSettings();
    edit(settings);
    await chrome.storage.local.set({ settings });
  });
  return await loadSettings();
}

/** Puts other settings in the place of all that there were. @param {Settings} settings */
export function replaceSettings(settings) {
  return navigator.locks.request("settings", () => chrome.storage.local.set({ settings }));
}

/** @param {(settings: Settings) => void} changed  called whenever anyone has changed the settings */
export function onSettingsChanged(changed) {
  chrome.storage.onChanged.addListener(async (changes, area) => {
    if (area === "local" && (changes.settings || changes.managed)) changed(await loadSettings());
  });
}

/** The settings of a new installation. @returns {Settings} */
export function defaultSettings() {
  return completed({});
}

/**
 * Lays what is stored over the defaults. Unknown keys stay; a known key that is missing or not valid gets its
 * default.
 * @param {unknown} stored
 * @returns {Settings}
 */
export function completed(stored) {
  const settings = isObject(stored) ? structuredClone(stored) : {};
  for (const [path, value, check] of FIELDS) {
    // A version from the future is not ours to lower.
    if (path === "version" && Number.isInteger(settings.version) && settings.version > 1) continue;
    const found = valueAt(settings, path);
    // One entry that is not understood must not switch every site on again; it is kept, and counts as not listed.
    if (path === "sites" && isObject(found)) continue;
    if (found === undefined || check(found)) setAt(settings, path, structuredClone(value));
  }
  const { peers } = settings;
  if (peers.min > peers.max) peers.min = peers.max;
  return /** @type {Settings} */ (settings);
}

/**
 * Reads settings that a person brought, and says what is wrong with them. Nothing is repaired in silence here.
 * @param {string} json
 * @returns {{settings: Settings} | {fault: Fault}}
 */
export function parseSettings(json) {
  let given;
  try {
    given = JSON.parse(json);
  } catch {
    return { fault: { path: "", reason: ["fault_json"] } };
  }
  if (!isObject(given)) return { fault: { path: "", reason: ["fault_object"] } };
  for (const [path, , check] of FIELDS) {
    const above = path.split(".").slice(0, -1);
    for (const length of above.keys()) {
      const outer = above.slice(0, length + 1).join(".");
      const found = valueAt(given, outer);
      if (found !== undefined && !isObject(found)) return { fault: { path: outer, reason: ["fault_object"] } };
    }
    const value = valueAt(given, path);
    const reason = value === undefined ? null : check(value);
    if (reason) return { fault: { path, reason } };
  }
  const min = valueAt(given, "peers.min") ?? 2;
  const max = valueAt(given, "peers.max") ?? 8;
  if (min > max) return { fault: { path: "peers.min", reason: ["fault_peers"] } };
  return { settings: completed(given) };
}

/** What is wrong with one value, by the path of its key. @param {string} path @param {unknown} value */
export function faultOf(path, value) {
  const field = FIELDS.find(([known]) => known === path);
  return field ? field[2](value) : null;
}

/** @param {any} object @param {string} path @returns {any} */
export function valueAt(object, path) {
  for (const key of path.split(".")) {
    if (!isObject(object) || !Object.hasOwn(object, key)) return undefined;
    object = object[key];
  }
  return object;
}

/** @param {any} object @param {string} path  one of a known field @param {unknown} value */
export function setAt(object, path, value) {
  const keys = path.split(".");
  const last = /** @type {string} */ (keys.pop());
  for (const key of keys) {
    if (!isObject(object[key])) object[key] = {};
    object = object[key];
  }
  object[last] = value;
}

/** @param {unknown} value @returns {value is Record<string, any>} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @type {Check} */
function version(value) {
  return value === 1 ? null : ["fault_version"];
}

/** @type {Check} */
function yesOrNo(value) {
  return typeof value === "boolean" ? null : ["fault_yes_or_no"];
}

/** @param {...string} names @returns {Check} */
function oneOf(...names) {
  return (value) => (names.includes(/** @type {string} */ (value)) ? null : ["fault_choice", names.join(", ")]);
}

function action() {
  return oneOf("allow", "limit", "receive", "pause");
}

/** @param {number} min @param {number} max @returns {Check} */
function whole(min, max) {
  return (value) => {
    const fits = Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
    return fits ? null : ["fault_number", min, max];
  };
}

/** @param {number} max  characters @returns {Check} */
function text(max) {
  return (value) => {
    const fits = typeof value === "string" && value.length <= max && !/\p{Cc}/u.test(value);
    return fits ? null : ["fault_text", max];
  };
}

/** @type {Check} */
function secret(value) {
  return value === "" || isGroupSecret(value) ? null : ["fault_secret"];
}

/**
 * Empty, or a WebSocket address. Without TLS only on this machine: on the way to any other, whoever carries the
 * connection could read when this browser is online.
 * @type {Check}
 */
function signalUrl(value) {
  if (value === "") return null;
  if (typeof value !== "string" || value.length > MAX_URL || !URL.canParse(value)) return ["fault_url"];
  const url = new URL(value);
  if (url.protocol !== "wss:" && url.protocol !== "ws:") return ["fault_url"];
  if (url.username || url.password || url.hash) return ["fault_url_parts"];
  const here = url.hostname === "localhost" || url.hostname === "127.0.0.1";
  return url.protocol === "wss:" || here ? null : ["fault_url_open"];
}

/** @type {Check} */
function sites(value) {
  if (!isObject(value)) return ["fault_object"];
  const entries = Object.entries(value);
  if (entries.length > MAX_SITES) return ["fault_many", MAX_SITES];
  const wrong = entries.find(([site, state]) => !isOrigin(site) || (state !== "on" && state !== "off"));
  return wrong ? ["fault_site", wrong[0].slice(0, 80)] : null;
}

/** @param {string} site */
function isOrigin(site) {
  return /^https?:/.test(site) && URL.canParse(site) && new URL(site).origin === site;
}

/** @type {Check} */
function iceServers(value) {
  if (!Array.isArray(value)) return ["fault_list"];
  if (value.length > MAX_ICE_SERVERS) return ["fault_many", MAX_ICE_SERVERS];
  return value.every(isIceServer) ? null : ["fault_ice"];
}

/** @param {unknown} server */
function isIceServer(server) {
  if (!isObject(server)) return false;
  const urls = [server.urls].flat();
  const named = urls.every((url) => typeof url === "string" && /^(stuns?|turns?):\S{1,256}$/.test(url));
  const words = [server.username ?? "", server.credential ?? ""];
  const short = words.every((word) => typeof word === "string" && word.length <= MAX_URL);
  return named && short && urls.length >= 1 && urls.length <= 4;
}
