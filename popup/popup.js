/**
 * The popup: what Slipstream did on the tab in front, and the two switches. It holds no state of its own beyond
 * the last answer; whatever it shows comes from the settings, the permissions, the tab and the statistics.
 */

import { bytes, byId, counted, element, field, fillTexts, number, percent, say, span, t } from "./page.js";
import { changeSettings, isFixed, loadSettings, onSettingsChanged } from "./settings.js";
import { watchStats } from "./stats.js";

/**
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {import("./stats.js").Stats} Stats
 * @typedef {"off" | "foreign" | "hidden" | "barred" | "site_off" | "lost" | "starting" | "refused" | "on"
 *   | "unseen"} View
 */

const ALL_SITES = "https://*/*";

const shown = {
  settings: /** @type {Settings} */ ({}),
  tab: /** @type {chrome.tabs.Tab | undefined} */ (undefined),
  /** Whether hosts are granted: for all sites, and for the one in front. */
  access: { all: false, site: false },
  stats: /** @type {Stats | null} */ (null),
  lost: false,
  /** The site's switch was moved since the popup opened; the page shows the effect when it loads again. */
  moved: false,
};

fillTexts();
[shown.settings, shown.tab] = await Promise.all([loadSettings(), tabInFront()]);
await learnAccess();
listen();
render();
// One key, Space, is all that it takes.
if (!byId("site-choice").hidden) byId("site-on").focus({ focusVisible: false });
watchStats(
  () => shown.tab?.id,
  (stats, lost) => {
    shown.stats = stats ?? (lost ? null : shown.stats);
    shown.lost = lost;
    render();
  },
);

async function tabInFront() {
  const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
  return tab;
}

async function learnAccess() {
  const site = originInFront();
  const [all, one] = await Promise.all([
    chrome.permissions.contains({ origins: [ALL_SITES] }),
    site ? chrome.permissions.contains({ origins: [pattern(site)] }) : false,
  ]);
  shown.access = { all, site: all || one };
}

/** The https origin in front, or null: another kind of page, or one whose address is kept from us. */
function originInFront() {
  const url = shown.tab?.url;
  if (url && URL.canParse(url)) {
    const { origin, protocol } = new URL(url);
    return protocol === "https:" ? origin : null;
  }
  return shown.stats?.tab?.site ?? null;
}

/** Match patterns know no port. @param {string} origin */
function pattern(origin) {
  return `https://${new URL(origin).hostname}/*`;
}

function listen() {
  for (const id of ["swarm", "policy-change"]) {
    byId(id).addEventListener("click", (event) => {
      event.preventDefault();
      chrome.tabs.create({ url: chrome.runtime.getURL(`popup/${byId(id).getAttribute("href")}`) });
      window.close();
    });
  }
  // Whoever has agreed to share can take it back here, and at once.
  byId("share-on").addEventListener("change", () => {
    const { checked } = field("share-on");
    changeSettings((settings) => {
      settings.sharing = checked ? "group" : "off";
    });
  });
  byId("enabled").addEventListener("change", () => {
    const { checked } = field("enabled");
    shown.moved = true;
    changeSettings((settings) => {
      settings.enabled = checked;
    });
  });
  byId("site-on").addEventListener("change", () => {
    const { checked } = field("site-on");
    const site = originInFront();
    if (!site) return;
    shown.moved = true;
    changeSettings((settings) => {
      settings.sites[site] = checked ? "on" : "off";
    });
  });
  byId("allow-all").addEventListener("click", () => allow(ALL_SITES));
  byId("allow-site").addEventListener("click", () => allow(pattern(originInFront() ?? "")));
  byId("reload-now").addEventListener("click", async () => {
    if (shown.tab?.id !== undefined) await chrome.tabs.reload(shown.tab.id);
    window.close();
  });
  byId("options").addEventListener("click", (event) => {
    event.preventDefault();
    chrome.runtime.openOptionsPage();
    window.close();
  });
  onSettingsChanged((settings) => {
    shown.settings = settings;
    render();
  });
}

/** The browser asks the person; it does so only from within a click. @param {string} origins */
async function allow(origins) {
  const granted = await chrome.permissions.request({ origins: [origins] });
  if (!granted) return;
  shown.moved = true;
  // With the permission comes the address of the tab.
  shown.tab = await tabInFront();
  await learnAccess();
  render();
}

/** Which of the popup's faces to show. @returns {View} */
function view() {
  const { settings, access, stats } = shown;
  const site = originInFront();
  if (!settings.enabled) return "off";
  if (!site) return shown.tab?.url || access.all ? "foreign" : "hidden";
  if (!access.site) return "barred";
  if (settings.sites[site] === "off") return "site_off";
  if (shown.lost) return "lost";
  if (!stats || stats.engine === "starting") return "starting";
  if (stats.tab?.refused) return "refused";
  return stats.tab ? "on" : "unseen";
}

function render() {
  const face = view();
  const site = originInFront();
  const { settings, stats } = shown;
  document.body.dataset.view = face;

  field("enabled").checked = settings.enabled;
  field("enabled").disabled = isFixed("enabled");
  field("site-on").disabled = !!site && isFixed(`sites\n${site}`);
  say(byId("enabled-word"), t(settings.enabled ? "word_on" : "word_off"));
  say(byId("site"), site ? new URL(site).host : t("no_site"));
  byId("site-choice").hidden = !site || face === "off" || face === "barred";
  field("site-on").checked = !!site && settings.sites[site] !== "off";

  const movable = face !== "foreign" && face !== "hidden" && face !== "barred";
  say(byId("state"), shown.moved && movable ? t("reload_applies") : stateText(face));
  byId("reload").hidden = !movable || !(shown.moved || face === "unseen");
  byId("access").hidden = face !== "barred" && face !== "hidden";
  byId("allow-site").hidden = face !== "barred";
  if (site) say(byId("allow-site"), t("allow_site", new URL(site).hostname));

  renderTab(face);
  renderFacts();
  say(byId("engine"), settings.enabled && stats?.engine === "off" ? t("engine_off") : "");
}

/** @param {View} face */
function stateText(face) {
  if (face === "refused") return t(`refusal_${shown.stats?.tab?.refused}`);
  return face === "on" ? "" : t(`state_${face}`);
}

/** What happened on this tab. @param {View} face */
function renderTab(face) {
  const counts = shown.stats?.tab?.counts;
  const touched = counts && (sum(counts.requests) > 0 || Object.keys(counts.refusals).length > 0);
  byId("tab").hidden = !counts || !touched || !["on", "refused", "starting", "site_off"].includes(face);
  if (!counts || byId("tab").hidden) return;

  const all = sum(counts.bytes);
  const saved = counts.bytes.shelf + counts.bytes.peer;
  byId("amounts").hidden = all === 0;
  say(byId("saved"), bytes(saved || all));
  say(byId("saved-of"), saved ? t("saved_of", bytes(all)) : t("saved_none"));
  byId("peer-row").hidden = shown.settings.sharing === "off" && counts.requests.peer === 0;
  const rows = byId("origins").children;
  for (const [place, origin] of /** @type {const} */ (["shelf", "peer", "network"]).entries()) {
    const [, files, amount] = /** @type {HTMLElement[]} */ ([...rows[place].children]);
    say(files, counted("files", counts.requests[origin]));
    say(amount, bytes(counts.bytes[origin]));
    const part = /** @type {HTMLElement} */ (document.querySelector(`.flow .${origin}`));
    part.hidden = counts.bytes[origin] === 0;
    part.style.flexGrow = String(all ? counts.bytes[origin] / all : 0);
  }
  const { gain } = shown.stats?.tab ?? {};
  byId("gain").hidden = !gain;
  if (gain) say(byId("gain"), gainText(gain));
  byId("wrong").hidden = counts.verificationsFailed === 0;
  say(byId("wrong"), counted("wrong", counts.verificationsFailed));
  renderReasons(counts.refusals);
}

/** @param {Record<string, number>} refusals */
function renderReasons(refusals) {
  const reasons = Object.entries(refusals).sort(([, a], [, b]) => b - a);
  byId("alone").hidden = reasons.length === 0;
  say(byId("alone-count"), counted("alone", reasons.reduce((all, [, count]) => all + count, 0)));
  const list = byId("reasons");
  const state = JSON.stringify(reasons);
  if (list.dataset.state === state) return;
  list.dataset.state = state;
  list.replaceChildren(
    ...reasons.map(([name, count]) =>
      element("li", {}, element("b", {}, number(count)), element("span", {}, t(`refusal_${name}`))),
    ),
  );
}

/** What loads of this site gain, and how sure that is. @param {import("./stats.js").Gain} gain */
function gainText({ low, middle, high }) {
  if (low > 0) return t("gain_faster", percent(middle), percent(low), percent(high));
  return t("gain_unsure", percent(low), percent(high));
}

/** What holds the engine back, in words; empty where nothing does. */
function policyText() {
  const policy = shown.stats?.policy;
  if (!policy?.reason || policy.reason === "off" || policy.reason === "sharing_off") return "";
  const reason = t(`reason_${policy.reason}`, number(policy.percent ?? 0));
  return t(policy.limited && policy.level === "both" ? "policy_limited" : `policy_${policy.level}`, reason);
}

function renderFacts() {
  const { settings, stats } = shown;
  const held = policyText();
  byId("policy").hidden = held === "";
  say(byId("policy-why"), held);
  byId("share-choice").hidden = !settings.group.secret || !settings.enabled;
  field("share-on").checked = settings.sharing !== "off";
  field("share-on").disabled = isFixed("sharing");
  say(byId("peers"), peersText());
  const { bytes: amounts, requests } = stats?.total ?? {};
  const amount = amounts ? bytes(amounts.shelf + amounts.peer) : "–";
  say(byId("spared"), requests ? t("spared", amount, counted("files", requests.shelf + requests.peer)) : amount);
  byId("time-row").hidden = !(stats && stats.savedS >= 1);
  say(byId("time"), span(stats?.savedS ?? 0));
  say(byId("shelf"), stats ? t("part_of", bytes(stats.shelf.bytes), bytes(stats.shelf.limit)) : "–");
  const shares = settings.sharing !== "off";
  byId("sent-row").hidden = !shares && !stats?.all.uploaded;
  const sent = stats ? bytes(stats.all.uploaded) : "–";
  say(byId("sent"), t("sent_limit", sent, bytes(settings.limits.uploadMiBPerDay * 2 ** 20)));
}

/** How many peers there are, or what stands in the way of having some. */
function peersText() {
  const { settings, stats } = shown;
  if (settings.sharing === "off") return t("peers_sharing_off");
  if (!settings.group.secret) return t("peers_no_group");
  if (!settings.signal.url) return t("peers_no_server");
  if (!settings.enabled || !stats) return "–";
  if (stats.policy?.level === "shelf") return t("peers_paused");
  const { connected, firstMs } = stats.peers;
  if (connected > 0 && firstMs !== null) return t("peers_since", number(connected), number(firstMs / 1000, 1));
  return connected > 0 ? number(connected) : t(`peers_server_${stats.server}`);
}

/** @param {import("./stats.js").ByOrigin} by */
function sum(by) {
  return by.network + by.shelf + by.peer;
}
