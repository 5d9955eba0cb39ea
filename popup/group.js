/** The part of the settings page about the group: create one, join one, invite others, leave. */

import { formatInvite, newGroupSecret, parseInvite } from "./invite.js";
import { byId, counted, field, say, t } from "./page.js";
import { faultOf, loadSettings } from "./settings.js";

/**
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {object} Page
 * @property {(edit: (settings: Settings) => void) => Promise<void>} save
 * @property {(question: string, deed: string) => Promise<boolean>} confirmed
 * @property {(text: string) => void} toast
 */

/** @param {Settings} settings */
export function renderGroup({ group, sharing, signal }) {
  const member = group.secret !== "";
  byId("in-group").hidden = !member;
  byId("no-group").hidden = member;
  byId("ask-sharing").hidden = !member || sharing !== "off";
  say(byId("group-name"), group.name || t("group_unnamed"));
  if (!member) showInvite("");
  else if (!byId("invite-part").hidden) showInvite(formatInvite({ ...group, signal: signal.url }));
}

/** How many of the members are there. @param {Settings} settings @param {import("./stats.js").Stats | null} stats */
export function renderMembers({ sharing }, stats) {
  const count = stats?.peers?.connected ?? 0;
  say(byId("members"), sharing === "off" || !stats ? "" : counted("members", count));
}

/** @param {Page} page */
export function listenToGroup({ save, confirmed, toast }) {
  byId("create").addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = field("new-name").value.trim();
    const reason = name ? faultOf("group.name", name) : /** @type {["create_unnamed"]} */ (["create_unnamed"]);
    if (showFault("new-name", reason ? t(...reason) : "")) return;
    await save((settings) => Object.assign(settings.group, { name, secret: newGroupSecret() }));
    field("new-name").value = "";
    byId("show-invite").focus();
  });

  byId("join").addEventListener("submit", async (event) => {
    event.preventDefault();
    const read = parseInvite(field("pasted").value);
    const text = "fault" in read ? t(read.fault) : detailsFault(read.invite);
    if (showFault("pasted", text) || "fault" in read) return;
    const { name, secret, signal } = read.invite;
    await save((settings) => {
      Object.assign(settings.group, { name, secret });
      // A group meets at one server; an invite that names none leaves the choice to the member.
      if (signal) settings.signal.url = signal;
    });
    field("pasted").value = "";
    byId("show-invite").focus();
  });

  byId("show-invite").addEventListener("click", async () => {
    if (!byId("invite-part").hidden) return showInvite("");
    const { group, signal } = await loadSettings();
    showInvite(formatInvite({ ...group, signal: signal.url }));
    field("invite").select();
  });

  byId("copy-invite").addEventListener("click", async () => {
    field("invite").select();
    await navigator.clipboard.writeText(field("invite").value);
    toast(t("copied"));
  });

  byId("show-code").addEventListener("click", async () => {
    if (!byId("code").hidden) return drawCode(null);
    const { default: init, qrCode } = await import("./qr.js");
    await init({ module_or_path: new URL("qr_bg.wasm", import.meta.url) });
    drawCode(qrCode(field("invite").value) ?? null);
  });

  byId("leave").addEventListener("click", async () => {
    if (!(await confirmed(t("leave_ask"), t("group_leave")))) return;
    await save((settings) => {
      Object.assign(settings.group, { name: "", secret: "" });
      // Otherwise the next group would be shared with before anyone said so.
      settings.sharing = "off";
    });
    field("pasted").focus();
  });

  byId("share-now").addEventListener("click", async () => {
    await save((settings) => {
      settings.sharing = "group";
    });
    byId("show-invite").focus();
  });
}

/** @param {import("./invite.js").Invite} invite */
function detailsFault({ name, signal }) {
  if (faultOf("group.name", name)) return t("invite_details");
  const reason = faultOf("signal.url", signal);
  return reason ? t("invite_server", t(...reason)) : "";
}

/** @param {string} invite  empty: put it away */
function showInvite(invite) {
  if (field("invite").value !== invite) drawCode(null);
  field("invite").value = invite;
  byId("invite-part").hidden = !invite;
  byId("show-invite").setAttribute("aria-expanded", String(!!invite));
  say(byId("show-invite"), t(invite ? "invite_hide" : "invite_show"));
}

/** Draws a QR code, with the quiet margin that cameras need. @param {Uint8Array | null} dark  row by row; null: none */
function drawCode(dark) {
  const picture = byId("code-picture");
  picture.replaceChildren();
  byId("code").hidden = dark === null;
  say(byId("show-code"), t(dark ? "code_hide" : "code_show"));
  if (!dark) return;
  const [side, margin] = [Math.sqrt(dark.length), 4];
  picture.setAttribute("viewBox", `${-margin} ${-margin} ${side + 2 * margin} ${side + 2 * margin}`);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const cells = [...dark].map((on, at) => (on ? `M${at % side} ${Math.floor(at / side)}h1v1h-1z` : ""));
  path.setAttribute("d", cells.join(""));
  picture.append(path);
}

/** @param {string} id @param {string} text  empty: no fault @returns {boolean} */
function showFault(id, text) {
  say(byId(`${id}-fault`), text);
  if (text) field(id).setAttribute("aria-invalid", "true");
  else field(id).removeAttribute("aria-invalid");
  if (text) field(id).focus();
  return text !== "";
}
