/**
 * The settings page. What has a `data-setting` is bound to the setting of that path; the parts that are more than
 * one value stand below. Every change is saved when it is made, and only when it is valid.
 */

import { listenToGroup, renderGroup } from "./group.js";
import { bytes, byId, element, field, fillTexts, number, say, t } from "./page.js";
import {
  changeSettings, defaultSettings, faultOf, loadSettings, onSettingsChanged, parseSettings, replaceSettings, setAt,
  valueAt,
} from "./settings.js";
import { watchStats } from "./stats.js";

/** @typedef {import("./settings.js").Settings} Settings */

const ALL_SITES = "https://*/*";
/** Characters of settings that are read at all; `sites` at its fullest stays below. */
const MAX_JSON = 2 ** 20;
const SAVED_MS = 2000;

const inputs = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("[data-setting]")]);
const radios = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("[name=sharing]")]);

fillTexts();
render(await loadSettings());
renderAccess();
for (const input of inputs) input.addEventListener("change", () => saveInput(input));
for (const radio of radios) radio.addEventListener("change", () => save((s) => setAt(s, "sharing", radio.value)));
listenToGroup({ save, confirmed, toast });
listenToSites();
listenToFile();
listenToStorage();
onSettingsChanged(render);

/** @param {Settings} settings */
function render(settings) {
  for (const input of inputs) {
    // What someone is typing, or typed wrong and was told so, stays until it is mended.
    if (input.ariaInvalid || (input === document.activeElement && input.type !== "checkbox")) continue;
    const value = valueAt(settings, input.dataset.setting ?? "");
    if (input.type === "checkbox") input.checked = value;
    else input.value = value;
  }
  // "everyone" is not offered yet: nothing built so far proves a body public, so there would be nothing that
  // could be offered to strangers. Where it is stored already, it means the group.
  for (const radio of radios) radio.checked = radio.value === (settings.sharing === "off" ? "off" : "group");
  say(byId("sharing-lacks"), lackText(settings));
  renderGroup(settings);
  renderSites(settings);
}

/** What is still missing before sharing can begin. @param {Settings} settings */
function lackText({ sharing, group, signal }) {
  if (sharing === "off") return "";
  if (!group.secret) return t("lacks_group");
  return signal.url ? "" : t("lacks_server");
}

/** @param {(settings: Settings) => void} edit */
async function save(edit) {
  render(await changeSettings(edit));
  toast(t("saved"));
}

/** @param {Settings} settings */
async function replace(settings) {
  await replaceSettings(settings);
  for (const input of inputs) showFault(input, "");
  render(settings);
}

/** @param {HTMLInputElement} input */
function saveInput(input) {
  const path = input.dataset.setting ?? "";
  const value = { checkbox: input.checked, number: input.valueAsNumber }[input.type] ?? input.value.trim();
  const reason = faultOf(path, value);
  showFault(input, reason ? t(...reason) : "");
  if (!reason) save((settings) => setAt(settings, path, value));
}

/** @param {HTMLInputElement} input @param {string} text */
function showFault(input, text) {
  const place = document.getElementById(`${input.id}-fault`);
  if (!place) return;
  say(place, text);
  if (text) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

function listenToSites() {
  byId("allow-all").addEventListener("click", async () => {
    await chrome.permissions.request({ origins: [ALL_SITES] });
    renderAccess();
  });
  byId("sites").addEventListener("click", async (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    const site = button?.dataset.site;
    if (!button || !site) return;
    const place = [...byId("sites").querySelectorAll("button")].indexOf(button);
    await save((settings) => {
      delete settings.sites[site];
    });
    // The keyboard stays where it was: on the next entry, or the last.
    const left = byId("sites").querySelectorAll("button");
    left[Math.min(place, left.length - 1)]?.focus();
  });
}

async function renderAccess() {
  const all = await chrome.permissions.contains({ origins: [ALL_SITES] });
  const { origins = [] } = await chrome.permissions.getAll();
  const hosts = origins.map((origin) => origin.replace(/^\w+:\/\/|\/\*$/g, ""));
  say(byId("access"), all ? t("access_all") : hosts.length ? t("access_some", hosts.join(", ")) : t("access_none"));
  byId("allow-all").hidden = all;
}

/** @param {Settings} settings */
function renderSites(settings) {
  const entries = Object.entries(settings.sites).sort(([a], [b]) => a.localeCompare(b));
  byId("sites").replaceChildren(
    ...entries.map(([site, state]) => {
      const remove = element("button", { type: "button", textContent: t("remove"), ariaLabel: t("remove_site", site) });
      remove.dataset.site = site;
      const word = element("span", { className: "quiet" }, t(state === "off" ? "word_off" : "word_on"));
      return element("li", { className: "row" }, element("bdi", {}, site.replace("https://", "")), word, remove);
    }),
  );
}

function listenToFile() {
  const json = field("json");
  const current = async () => JSON.stringify(await loadSettings(), null, 2);
  byId("show").addEventListener("click", async () => {
    json.value = await current();
    showFault(json, "");
    json.select();
  });
  byId("download").addEventListener("click", async () => {
    const href = URL.createObjectURL(new Blob([await current()], { type: "application/json" }));
    element("a", { href, download: "slipstream-settings.json" }).click();
    URL.revokeObjectURL(href);
  });
  byId("import").addEventListener("click", async () => {
    const read = json.value.length > MAX_JSON ? null : parseSettings(json.value);
    if (!read) return showFault(json, t("fault_long"));
    if ("fault" in read) {
      const { path, reason } = read.fault;
      return showFault(json, path ? t("fault_at", path, t(...reason)) : t(...reason));
    }
    showFault(json, "");
    if (!(await confirmed(t("import_ask"), t("file_import")))) return;
    json.value = "";
    await replace(read.settings);
    toast(t("imported"));
  });
  byId("reset").addEventListener("click", async () => {
    if (!(await confirmed(t("reset_ask"), t("file_reset")))) return;
    await replace(defaultSettings());
    toast(t("was_reset"));
  });
}

function listenToStorage() {
  const clear = field("clear");
  clear.addEventListener("click", async () => {
    if (!(await confirmed(t("clear_ask"), t("clear")))) return;
    clear.disabled = true;
    const answer = await chrome.runtime.sendMessage({ type: "clear" }).catch(() => null);
    clear.disabled = false;
    toast(t(answer?.ok ? "cleared" : "not_cleared"));
  });
  watchStats(() => undefined, (stats, lost) => {
    if (stats) {
      const { bodies, bytes: held, limit } = stats.shelf;
      say(byId("stored"), t("stored", bytes(held), bytes(limit), number(bodies)));
      byId("filled").hidden = held === 0;
      byId("filled").style.flexGrow = String(held);
      byId("free").style.flexGrow = String(Math.max(limit - held, 0));
    } else if (lost || !byId("stored").textContent) {
      say(byId("stored"), t(lost ? "state_lost" : "state_starting"));
    }
  });
}

/** Asks once before what cannot be undone. @param {string} question @param {string} deed @returns {Promise<boolean>} */
function confirmed(question, deed) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("confirm"));
  say(byId("question"), question);
  say(byId("confirm-yes"), deed);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

let toastEnds = 0;

/** @param {string} text */
function toast(text) {
  clearTimeout(toastEnds);
  say(byId("toast"), text);
  toastEnds = setTimeout(() => say(byId("toast"), ""), SAVED_MS);
}
