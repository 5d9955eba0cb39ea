/**
 * The settings page. What has a `data-setting` is bound to the setting of that path; the parts that are more than
 * one value stand below. Every change is saved when it is made, and only when it is valid.
 */

import { listenToGroup, renderGroup, renderMembers } from "./group.js";
import { listenToIce, renderIce } from "./ice.js";
import { byId, element, field, fillTexts, say, t } from "./page.js";
import {
  changeSettings, defaultSettings, faultOf, isFixed, isManaged, loadSettings, onSettingsChanged, parseSettings,
  replaceSettings, setAt, storedSettings, valueAt,
} from "./settings.js";
import { watchStats } from "./stats.js";
import { listenToStorage, renderStorage } from "./storage.js";

/** @typedef {import("./settings.js").Settings} Settings */

const ALL_SITES = "https://*/*";
/** Characters of settings that are read at all; `sites` at its fullest stays below. */
const MAX_JSON = 2 ** 20;
const SAVED_MS = 2000;

const inputs = /** @type {(HTMLInputElement & HTMLSelectElement)[]} */ ([...document.querySelectorAll("[data-setting]")]);
const radios = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("[name=sharing]")]);

fillTexts();
listSections();
let shown = await loadSettings();
render(shown);
renderAccess();
for (const input of inputs) input.addEventListener("change", () => saveInput(input));
for (const radio of radios) radio.addEventListener("change", () => save((s) => setAt(s, "sharing", radio.value)));
listenToGroup({ save, confirmed, toast });
listenToSites();
listenToFile();
listenToIce({ save });
listenToStorage({ confirmed, toast });
onSettingsChanged(render);
watchStats(() => undefined, (stats, lost) => {
  renderStorage(stats, lost);
  renderMembers(shown, stats);
});
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();

/** The contents, from the headings themselves. */
function listSections() {
  const titles = [...document.querySelectorAll("main > section > h2")];
  byId("contents").replaceChildren(
    ...titles.map((title) => element("a", { href: `#${title.id}` }, title.textContent ?? "")),
  );
}

/** @param {Settings} settings */
function render(settings) {
  shown = settings;
  for (const input of inputs) {
    // What someone is typing, or typed wrong and was told so, stays until it is mended.
    if (input.ariaInvalid || (input === document.activeElement && input.type !== "checkbox")) continue;
    const value = valueAt(settings, input.dataset.setting ?? "");
    if (input.type === "checkbox") input.checked = value;
    else input.value = value;
    input.disabled = isFixed(input.dataset.setting ?? "");
  }
  // "everyone" is not offered yet: nothing built so far proves a body public, so there would be nothing that
  // could be offered to strangers. Where it is stored already, it means the group.
  for (const radio of radios) {
    radio.checked = radio.value === (settings.sharing === "off" ? "off" : "group");
    radio.disabled = isFixed("sharing");
  }
  say(byId("sharing-lacks"), lackText(settings));
  renderGroup(settings);
  renderIce(settings);
  renderSites(settings);
  renderManaged();
}

/** What an organisation has fixed shows, and cannot be changed. */
function renderManaged() {
  byId("managed").hidden = !isManaged();
  say(byId("managed"), t(isFixed("locked") ? "managed_all" : "managed_some"));
  for (const id of ["import", "reset"]) field(id).disabled = isFixed("version");
  for (const id of ["pasted", "new-name", "leave"]) field(id).disabled = isFixed("group.secret");
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
  render(await loadSettings());
}

/** @param {HTMLInputElement} input */
function saveInput(input) {
  const path = input.dataset.setting ?? "";
  const value = { checkbox: input.checked, number: input.valueAsNumber }[input.type] ?? input.value.trim();
  const { min, max } = { ...shown.peers, [path.replace("peers.", "")]: value };
  const reason = faultOf(path, value) ?? (path.startsWith("peers.") && min > max ? ["fault_peers"] : null);
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
      remove.disabled = isFixed(`sites\n${site}`);
      const word = element("span", { className: "quiet" }, t(state === "off" ? "word_off" : "word_on"));
      return element("li", { className: "row" }, element("bdi", {}, site.replace("https://", "")), word, remove);
    }),
  );
}

function listenToFile() {
  const json = field("json");
  // Without what is managed: that belongs to the organisation, and would outlive its word elsewhere.
  const current = async () => JSON.stringify(await storedSettings(), null, 2);
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
