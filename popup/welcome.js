/** The first page that anybody sees: with whom to share, and what that means. Until it is answered nothing is shared. */

import { byId, field, fillTexts, say, t } from "./page.js";
import { changeSettings, isFixed, loadSettings } from "./settings.js";

const ALL_SITES = "https://*/*";

fillTexts();
const { sharing } = await loadSettings();
const radios = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("[name=sharing]")]);
for (const radio of radios) {
  radio.checked = radio.value === (sharing === "off" ? "off" : "group");
  radio.disabled ||= isFixed("sharing");
}

byId("choice").addEventListener("submit", async (event) => {
  event.preventDefault();
  const chosen = radios.find((radio) => radio.checked)?.value === "group" ? "group" : "off";
  const { group } = await changeSettings((settings) => {
    settings.sharing = chosen;
  });
  say(byId("next-means"), t(chosen === "off" ? "next_off" : "next_shared"));
  byId("to-group").hidden = chosen === "off" || group.secret !== "";
  byId("next").hidden = false;
  await renderAccess();
  byId("next-title").focus();
});

byId("allow-all").addEventListener("click", async () => {
  await chrome.permissions.request({ origins: [ALL_SITES] });
  await renderAccess();
});

async function renderAccess() {
  const all = await chrome.permissions.contains({ origins: [ALL_SITES] });
  byId("access-row").hidden = all;
  field("allow-all").disabled = all;
  say(byId("allowed"), all ? t("access_all") : "");
}
