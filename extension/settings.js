// The settings, as the service worker needs them: the stored object, and one question about it. Defaults and checks
// live in popup/settings.js and in the engine; here absence simply means "on".

/** @type {Promise<any> | null} */
let loaded = null;

/** The stored object, read once per life of the service worker. */
export function settings() {
  loaded ??= chrome.storage.local.get('settings').then((stored) => stored.settings ?? {});
  return loaded;
}

/** Calls back with each new object. Must be called synchronously at start. */
export function onSettings(changed) {
  chrome.storage.onChanged.addListener((changes, area) => {
    if (area === 'local' && changes.settings) {
      loaded = Promise.resolve(changes.settings.newValue ?? {});
      changed(changes.settings.newValue ?? {});
    }
  });
}

/** Whether pages of this origin may be touched. */
export function siteOn(current, origin) {
  return current.enabled !== false && current.sites?.[origin] !== 'off';
}
