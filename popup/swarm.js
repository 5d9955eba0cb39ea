/**
 * The swarm: this browser in the middle, its peers around it at the distance that their answers take, and where bytes
 * came from in the last minute. It asks once a second while it can be seen, and holds nothing when it is closed.
 */

import { bytes, byId, element, fillTexts, number, say, t } from "./page.js";
import { askList, watchStats } from "./stats.js";

const SECONDS = 60;
const SVG = "http://www.w3.org/2000/svg";
/** Rings of the drawing: milliseconds until an answer begins. */
const RINGS = [10, 100, 1000];
/** The drawing is so much wider than high. */
const WIDE = 1.7;
const ORIGINS = /** @type {const} */ (["network", "shelf", "peer"]);

/** @typedef {{id: number, ready: boolean, received: number, sent: number, answerMs: number | null}} Peer */

/** Sums as they were, the newest last; one more than there are differences. @type {Record<string, number>[]} */
const sums = [];
/** Bytes to and from each peer, as they were at the last look. @type {Map<number, number>} */
const flows = new Map();

fillTexts();
watchStats(
  () => undefined,
  async (stats, lost) => {
    if (!stats?.all) return say(byId("state"), t(lost || stats?.engine === "off" ? "engine_off" : "state_starting"));
    const peers = await askList("peers");
    say(byId("state"), peers.length ? "" : t("swarm_alone"));
    sums.push({ ...stats.all.bytes, sent: stats.all.uploaded });
    if (sums.length > SECONDS + 1) sums.shift();
    drawMinute();
    drawSky(peers);
    listPeers(peers);
  },
);

/** How far from the middle, in units of the drawing. @param {number} ms */
function distance(ms) {
  return 30 + (Math.log10(Math.min(Math.max(ms, 2), 2000)) / 3.3) * 130;
}

/** @param {Peer[]} peers */
function drawSky(peers) {
  const sky = byId("sky");
  const rings = RINGS.map((ms) => shape("ellipse", { class: "ring", rx: distance(ms) * WIDE, ry: distance(ms) }));
  const labels = RINGS.map((ms) => {
    const label = shape("text", { x: 0, y: -distance(ms) - 4 });
    label.textContent = t("unit_ms", number(ms));
    return label;
  });
  const drawn = peers.flatMap((peer) => {
    // The golden angle: a peer stays where it is when others come and go, and none hides another.
    const angle = peer.id * 2.399_963;
    const far = distance(peer.answerMs ?? 300);
    const [x, y] = [Math.cos(angle) * far * WIDE, Math.sin(angle) * far];
    const flow = peer.received + peer.sent;
    const lately = flow - (flows.get(peer.id) ?? flow);
    flows.set(peer.id, flow);
    if (!peer.ready) return [shape("circle", { class: "coming", r: 7, cx: x, cy: y })];
    const width = 1 + Math.min(Math.log2(1 + lately / 4096), 9);
    const line = shape("line", { x1: 0, y1: 0, x2: x, y2: y, "stroke-width": width });
    return [line, shape("circle", { class: "peer", r: 9, cx: x, cy: y })];
  });
  sky.replaceChildren(...rings, ...drawn, ...labels, shape("circle", { class: "me", r: 14 }));
}

/** A bar a second, by origin of the bytes; the tallest second fills the height. */
function drawMinute() {
  const steps = sums.slice(1).map((sum, at) => ORIGINS.map((origin) => Math.max(sum[origin] - sums[at][origin], 0)));
  const most = Math.max(...steps.map((parts) => parts.reduce((all, part) => all + part, 0)), 1);
  const bars = steps.flatMap((parts, at) => {
    let top = 20;
    return parts.map((part, which) => {
      const height = (part / most) * 20;
      top -= height;
      return shape("rect", { class: ORIGINS[which], x: SECONDS - steps.length + at + 0.1, y: top, width: 0.8, height });
    });
  });
  byId("minute").replaceChildren(...bars);
  const first = sums[0];
  const last = sums[sums.length - 1];
  for (const what of [...ORIGINS, "sent"]) say(byId(`minute-${what}`), bytes(Math.max(last[what] - first[what], 0)));
}

/** @param {Peer[]} peers */
function listPeers(peers) {
  byId("peer-table").hidden = peers.length === 0;
  byId("peers").replaceChildren(
    ...peers.map(({ id, ready, received, sent, answerMs }) => {
      const far = !ready ? t("peer_coming") : answerMs == null ? "–" : t("unit_ms", number(answerMs));
      const name = Object.assign(element("th", {}, t("peer_number", number(id + 1))), { scope: "row" });
      return element("tr", {}, name, ...[far, bytes(received), bytes(sent)].map((text) => element("td", {}, text)));
    }),
  );
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
