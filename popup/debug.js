/** The last loads, closely: what was planned, by which layer, what became of it, and what was left alone and why. */

import { bytes, byId, element, fillTexts, number, t } from "./page.js";
import { askList } from "./stats.js";

/** @typedef {import("./stats.js").Counts} Counts
 * @typedef {{url: string, layer: "rule" | "hold", from: string, stand: string, bytes: number, came: string | null,
 *   afterMs: number | null}} Planned
 * @typedef {{tab: number, url: string, ageMs: number, refused: string | null, plan: Planned[], counts: Counts}} Load
 */

fillTexts();
byId("again").addEventListener("click", show);
await show();

async function show() {
  /** @type {Load[]} */
  const loads = await askList("loads");
  loads.sort((a, b) => a.ageMs - b.ageMs);
  byId("none").hidden = loads.length > 0;
  byId("loads").replaceChildren(...loads.map(load));
}

/** @param {Load} load */
function load({ url, ageMs, refused, plan, counts }) {
  const { requests } = counts;
  const summary = t(
    "debug_summary",
    number(ageMs / 1000, 1), number(requests.network), number(requests.shelf), number(requests.peer),
  );
  const parts = [element("h2", {}, url), element("p", { className: "why" }, summary)];
  if (refused) parts.push(element("p", {}, t("debug_refused", t(`refusal_${refused}`))));
  if (plan.length > 0) parts.push(element("div", { className: "scroll", tabIndex: 0 }, table(plan)));
  const refusals = Object.entries(counts.refusals);
  if (refusals.length > 0) {
    const items = refusals.map(([why, count]) => element("li", {}, `${number(count)} × ${t(`refusal_${why}`)} (${why})`));
    parts.push(element("ul", {}, ...items));
  }
  return element("article", {}, ...parts);
}

/** @param {Planned[]} plan */
function table(plan) {
  const columns = ["debug_file", "debug_layer", "column_from", "debug_stand", "column_bytes", "debug_after"];
  const head = element("tr", {}, ...columns.map((key) => element("th", { scope: "col" }, t(key))));
  const rows = plan.map(({ url, layer, from, stand, bytes: length, came, afterMs }) => {
    const after = afterMs == null ? "–" : t("unit_ms", number(afterMs));
    const where = came && came !== from ? `${t(`from_${from}`)} → ${t(`from_${came}`)}` : t(`from_${from}`);
    const cells = [url, t(`layer_${layer}`), where, t(`stand_${stand}`), bytes(length), after];
    return element("tr", {}, ...cells.map((text) => element("td", {}, text)));
  });
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
}
