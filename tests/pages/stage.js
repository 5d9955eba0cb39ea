/**
 * Shows a page of popup/ in a plain tab, on invented data: for work on the pages, and for pictures of them.
 *
 * Serve the root of the project with any static server and open
 * `/tests/pages/index.html?page=popup&state=busy`; the pages are popup and options, the states those of states.js.
 * Nothing of this is in the package: the page's own files are loaded as they are, with `chrome` made beforehand.
 */

import { STATES } from "./states.js";

const query = new URLSearchParams(location.search);
const page = query.get("page") === "options" ? "options" : "popup";
const state = { ...STATES.busy, ...STATES[query.get("state") ?? "busy"] };
const texts = await (await fetch("/manifest/_locales/en/messages.json")).json();
const html = await (await fetch(`/popup/${page}.html`)).text();

const listeners = [];
let stored = state.settings;
let origins = state.origins;

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
    openOptionsPage: () => location.assign("?page=options"),
    sendMessage: async ({ type }) => {
      if (type === "clear") return { ok: true };
      return state.stats && structuredClone(state.stats);
    },
  },
  storage: {
    local: {
      get: async () => ({ settings: structuredClone(stored) }),
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
  },
};

// The window, and with it `chrome`, outlives the document that is written anew.
globalThis.chrome = Object.assign(globalThis.chrome ?? {}, chromeOfStage);
document.open();
document.write(html.replace("<head>", `<head><base href="/popup/">`));
document.close();
