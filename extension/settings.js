// The settings, as the service worker needs them: the stored object with what is managed laid over it, and one
// question about it. Defaults and checks live in popup/settings.js and in the engine; here absence simply means "on".

import { learnManaged, overlay, storedAndManaged } from './managed.js';

/** @type {Promise<any> | null} */
let loaded = null;

/** The settings in force, read once per life of the service worker. */
export function settings() {
  loaded ??= load();
  return loaded;
}

async function load() {
  const { settings: stored, managed } = await storedAndManaged();
  return overlay(stored, managed);
}

/** Calls back whenever they change. Must be called synchronously at start. */
export function onSettings(changed) {
  chrome.storage.onChanged.addListener((changes, area) => {
    if (area === 'managed') void learnManaged();
    if (area === 'local' && (changes.settings || changes.managed)) {
      loaded = null;
      changed();
    }
  });
  void learnManaged();
}

/** Changes what is stored. Pages take turns by the same lock. */
export function changeSettings(edit) {
  return navigator.locks.request('settings', async () => {
    const { settings: stored = {} } = await chrome.storage.local.get('settings');
    edit(stored);
    await chrome.storage.local.set({ settings: stored });
  });
}

/** Whether pages of this origin may be touched. */
export function siteOn(current, origin) {
  return current.enabled !== false && current.sites?.[origin] !== 'off';
}
