/**
 * Invites to a group: `slipstream:join#v1.<secret>.<details>`.
 *
 * The secret is 32 random bytes, the details are JSON `{name, signal}` in UTF-8; both are base64url without
 * padding. Whoever has an invite is a member, so it is shown only to the one who asks for it. Everything stands
 * after the `#`, which never reaches a server.
 */

/** Characters of a group's name. */
export const MAX_NAME = 60;
/** Characters of an invite: prefix, secret, and details with the longest name and address, with room to spare. */
const MAX_INVITE = 2048;
const PREFIX = "slipstream:join#";
const SECRET_BYTES = 32;

/** @typedef {{name: string, secret: string, signal: string}} Invite  signal: address of the server, or empty */

/** Makes the secret of a new group. */
export function newGroupSecret() {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

/** @param {unknown} value */
export function isGroupSecret(value) {
  return typeof value === "string" && fromBase64Url(value)?.length === SECRET_BYTES;
}

/** @param {Invite} invite */
export function formatInvite({ name, secret, signal }) {
  const details = new TextEncoder().encode(JSON.stringify({ name, signal }));
  return `${PREFIX}v1.${secret}.${toBase64Url(details)}`;
}

/**
 * Reads what a person pasted. A fault is the name of a text in _locales.
 * The details are only unpacked here; whether name and address are valid is the business of the settings.
 * @param {string} pasted
 * @returns {{invite: Invite} | {fault: string}}
 */
export function parseInvite(pasted) {
  // Mail programs break long lines and chats add quotes; neither can be part of an invite.
  const text = pasted.replace(/[\s"'<>]/g, "");
  if (text === "") return { fault: "invite_empty" };
  if (!text.startsWith(PREFIX)) return { fault: "invite_other" };
  if (text.length > MAX_INVITE) return { fault: "invite_long" };
  const [version, secret, details, ...rest] = text.slice(PREFIX.length).split(".");
  if (version !== "v1") return { fault: "invite_version" };
  if (!secret || !details) return { fault: "invite_cut" };
  if (!isGroupSecret(secret)) return { fault: "invite_secret" };
  const known = parseDetails(details);
  if (!known || rest.length > 0) return { fault: "invite_details" };
  return { invite: { secret, ...known } };
}

/** @param {string} details */
function parseDetails(details) {
  const bytes = fromBase64Url(details);
  if (!bytes) return null;
  try {
    const { name, signal } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof name === "string" && typeof signal === "string" ? { name, signal } : null;
  } catch {
    return null;
  }
}

/** @param {Uint8Array} bytes */
function toBase64Url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Null unless the text is the one spelling of some bytes. @param {string} text */
function fromBase64Url(text) {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return null;
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  return toBase64Url(bytes) === text ? bytes : null;
}
