/** What every page needs: texts, numbers in words, and elements by id. */

/**
 * A text of _locales. A missing one shows as its key, so that it is seen and mended.
 * @param {string} key
 * @param {...(string | number)} values  for $1, $2 …
 */
export function t(key, ...values) {
  return chrome.i18n.getMessage(key, values.map(String)) || key;
}

/**
 * The text of a number of things: `KEY_one`, `KEY_few`, … as the language has it, else `KEY_other`.
 * @param {string} key
 * @param {number} count
 */
export function counted(key, count) {
  const form = new Intl.PluralRules(t("locale")).select(count);
  const shown = number(count);
  return chrome.i18n.getMessage(`${key}_${form}`, [shown]) || t(`${key}_other`, shown);
}

/** @param {number} value @param {number} [digits] after the decimal point */
export function number(value, digits = 0) {
  return value.toLocaleString(t("locale"), { maximumFractionDigits: digits });
}

/** An amount of bytes, in the binary units that the limits are set in. @param {number} count */
export function bytes(count) {
  const units = ["unit_b", "unit_kib", "unit_mib", "unit_gib"];
  let step = 0;
  // From 999.5 on the rounded number would have four digits.
  while (count >= 999.5 && step < units.length - 1) {
    count /= 1024;
    step += 1;
  }
  return t(units[step], number(count, step > 0 && count < 9.95 ? 1 : 0));
}

/** A share, such as 0.31. @param {number} share */
export function percent(share) {
  return share.toLocaleString(t("locale"), { style: "percent", maximumFractionDigits: 0 });
}

/** A span of time in its largest fitting unit. @param {number} seconds */
export function span(seconds) {
  const [unit, length] = seconds < 120 ? ["second", 1] : seconds < 7200 ? ["minute", 60] : ["hour", 3600];
  return (seconds / Number(length)).toLocaleString(t("locale"), {
    style: "unit", unit: String(unit), unitDisplay: "long", maximumFractionDigits: 0,
  });
}

/**
 * Puts the texts into the page: `data-i18n` names the text of an element, `data-i18n-ATTRIBUTE` that of one of
 * its attributes.
 */
export function fillTexts() {
  const root = document.documentElement;
  // The language of the texts, which is not the browser's where a translation is missing.
  root.lang = t("locale");
  root.dir = t("text_direction");
  for (const element of root.querySelectorAll("*")) {
    for (const { name, value } of [...element.attributes]) {
      if (name === "data-i18n") element.textContent = t(value);
      else if (name.startsWith("data-i18n-")) element.setAttribute(name.slice("data-i18n-".length), t(value));
    }
  }
}

/** @param {string} id */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** The same for a field that someone fills in. @param {string} id */
export function field(id) {
  return /** @type {HTMLInputElement} */ (document.getElementById(id));
}

/**
 * @param {string} name
 * @param {Record<string, unknown>} properties
 * @param {...(Node | string)} children
 */
export function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/**
 * Sets a text only when it is another, so that nothing moves under a screen reader.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
