/** The part of the settings page about STUN and TURN servers: a list of rows, each saved when it is valid. */

import { byId, element, say, t } from "./page.js";
import { faultOf, isFixed } from "./settings.js";

/** What is not to be drawn anew while someone types in it. */
let drawn = "";

/** @param {import("./settings.js").Settings} settings */
export function renderIce({ ice }) {
  const state = JSON.stringify(ice.servers);
  if (state === drawn) return;
  drawn = state;
  byId("ice-servers").replaceChildren(...ice.servers.map(row));
  lock();
}

/** @param {{save: (edit: (settings: import("./settings.js").Settings) => void) => Promise<void>}} page */
export function listenToIce({ save }) {
  const list = byId("ice-servers");
  byId("add-ice").addEventListener("click", () => {
    list.append(row({ urls: "" }));
    list.lastElementChild?.querySelector("input")?.focus();
  });
  const store = () => {
    const servers = [...list.children].map(read).filter((server) => server.urls[0] !== "");
    const reason = faultOf("ice.servers", servers);
    say(byId("ice-fault"), reason ? t(...reason) : "");
    if (reason) return;
    drawn = JSON.stringify(servers);
    save((settings) => {
      settings.ice.servers = servers;
    });
  };
  list.addEventListener("change", store);
  list.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (!button) return;
    button.closest("li")?.remove();
    byId("add-ice").focus();
    store();
  });
}

function lock() {
  const fixed = isFixed("ice.servers");
  for (const input of document.querySelectorAll("#ice-servers input, #ice-servers button, #add-ice")) {
    /** @type {HTMLInputElement} */ (input).disabled = fixed;
  }
}

/** @param {RTCIceServer} server */
function row({ urls, username = "", credential = "" }) {
  const input = (type, label, value, placeholder = "") =>
    element("input", { type, value, placeholder, ariaLabel: t(label), dir: "ltr", spellcheck: false, autocomplete: "off" });
  return element(
    "li",
    {},
    input("text", "ice_url", [urls].flat().join(" "), "turn:turn.example.org"),
    input("text", "ice_user", username, t("ice_user")),
    input("password", "ice_credential", credential, t("ice_credential")),
    element("button", { type: "button" }, t("remove")),
  );
}

/** @param {Element} item */
function read(item) {
  const [urls, username, credential] = [...item.querySelectorAll("input")].map((input) => input.value.trim());
  const server = { urls: urls.split(/\s+/) };
  return username || credential ? { ...server, username, credential } : server;
}
