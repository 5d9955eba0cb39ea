/** The part of the settings page about what is kept: how much, for which sites, and clearing it. */

import { bytes, byId, counted, element, field, number, say, t } from "./page.js";
import { askList } from "./stats.js";

/** Sites that the list shows, those with most first. */
const MOST_SITES = 200;

/** @param {import("./stats.js").Stats | null} stats @param {boolean} lost */
export function renderStorage(stats, lost) {
  if (stats?.shelf) {
    const { bodies, bytes: held, limit } = stats.shelf;
    say(byId("stored"), t("stored", bytes(held), bytes(limit), number(bodies)));
    byId("filled").hidden = held === 0;
    byId("filled").style.flexGrow = String(held);
    byId("free").style.flexGrow = String(Math.max(limit - held, 0));
  } else if (lost || !byId("stored").textContent) {
    say(byId("stored"), t(lost ? "state_lost" : "state_starting"));
  }
}

/**
 * @param {{confirmed: (question: string, deed: string) => Promise<boolean>, toast: (text: string) => void}} page
 */
export function listenToStorage({ confirmed, toast }) {
  const clear = field("clear");
  clear.addEventListener("click", async () => {
    if (!(await confirmed(t("clear_ask"), t("clear")))) return;
    clear.disabled = true;
    const answer = await chrome.runtime.sendMessage({ type: "clear" }).catch(() => null);
    clear.disabled = false;
    toast(t(answer?.ok ? "cleared" : "not_cleared"));
    await showSites();
  });
  byId("by-site").addEventListener("toggle", showSites);
  byId("kept").addEventListener("click", async (event) => {
    const site = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.site;
    if (!site || !(await confirmed(t("clear_site_ask", new URL(site).host), t("clear_site")))) return;
    await chrome.runtime.sendMessage({ type: "clearSite", site: new URL(site).href }).catch(() => null);
    await showSites();
    toast(t("cleared"));
    byId("by-site").querySelector("summary")?.focus();
  });
}

async function showSites() {
  if (!(/** @type {HTMLDetailsElement} */ (byId("by-site")).open)) return;
  const sites = (await askList("sites")).sort((a, b) => b.bytes - a.bytes).slice(0, MOST_SITES);
  byId("kept-none").hidden = sites.length > 0;
  byId("kept").replaceChildren(
    ...sites.map(({ site, bytes: held, bodies }) => {
      const host = new URL(site).host;
      const button = element("button", { type: "button", ariaLabel: t("clear_site_label", host) }, t("clear_site"));
      button.dataset.site = site;
      const amount = element("span", { className: "quiet" }, `${bytes(held)} · ${counted("files", bodies)}`);
      return element("li", { className: "row" }, element("bdi", {}, host), amount, button);
    }),
  );
}
