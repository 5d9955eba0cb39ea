/**
 * Shows a page of popup/ in a plain tab, on invented data: for work on the pages, and for pictures of them.
 *
 * `cargo xtask shots` serves the built extension with this folder as `/stage/`; by hand any static server will do:
 * `/stage/index.html?page=popup&state=busy&lang=en`. The states are those of states.js. Nothing of this is in the
 * package: the page's own files are loaded as they are, with `chrome` made beforehand.
 */

import { STATES } from "./states.js";

const query = new URLSearchParams(location.search);
const page = (query.get("page") ?? "popup").replace(/[^a-z]/g, "");
const state = { ...STATES.busy, ...STATES[query.get("state") ?? "busy"] };
const texts = await (await fetch(`/_locales/${query.get("lang") ?? "en"}/messages.json`)).json();
const html = await (await fetch(`/popup/${page}.html`)).text();

const listeners = [];
let stored = state.settings;
let origins = state.origins;
let asked = 0;

const chromeOfStage = {
  i18n: {
    getMessage: (key, values = []) => (texts[key]?.message ?? "").replace(/\$(\d)/g, (_, n) => values[n - 1] ?? ""),
  },
  permissions: {
    contains: async (asked) => asked.origins.every((one) => origins.includes(one) || origins.includes("https://*/*")),
    getAll: async () => ({ origins }),
    request: async (asked) => {
      origins = [...origins, ...asked.origins];
      return true;
    },
  },
  runtime: {
    getURL: (path) => `/${path}`,
    openOptionsPage: () => location.assign("?page=options"),
    sendMessage: async ({ type }) => {
      if (type === "clear") return { ok: true };
      if (type === "loads" || type === "peers" || type === "sites") return structuredClone(state[type] ?? []);
      if (state.flows) flow(state.stats.all, state.peers);
      return state.stats && structuredClone(state.stats);
    },
  },
  storage: {
    local: {
      get: async () => structuredClone({ settings: stored, managed: state.managed }),
      set: async ({ settings }) => {
        stored = structuredClone(settings);
        for (const heard of listeners) heard({ settings: { newValue: structuredClone(stored) } }, "local");
      },
    },
    onChanged: { addListener: (heard) => listeners.push(heard) },
  },
  tabs: {
    query: async () => [{ id: 1, url: state.url }],
    reload: async () => {},
    create: async ({ url }) => location.assign(url),
  },
};

/** Some bytes more, as they would have flowed since the last question. */
function flow({ bytes }, peers) {
  asked += 1;
  bytes.shelf += [410_000, 90_000, 0, 0, 720_000, 260_000][asked % 6];
  bytes.peer += [0, 520_000, 380_000, 0, 110_000][asked % 5];
  bytes.network += [120_000, 0, 60_000, 30_000][asked % 4];
  for (const peer of peers) if (peer.ready) peer.received += peer.id * 40_000;
}

// The window, and with it `chrome`, outlives the document that is written anew.
globalThis.chrome = Object.assign(globalThis.chrome ?? {}, chromeOfStage);
document.open();
document.write(html.replace("<head>", `<head><base href="/popup/">`));
document.close();
