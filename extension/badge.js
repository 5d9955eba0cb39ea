// The number on the toolbar button: files of the tab that were not downloaded. At most four characters.

import { settings } from './settings.js';

/** @param {number} tab @param {number} count */
export async function showCount(tab, count) {
  const { badge = true } = await settings();
  // The tab may be gone by now.
  await chrome.action.setBadgeText({ tabId: tab, text: badge && count > 0 ? short(count) : '' }).catch(() => {});
}

/** Its colours, and nothing on it where it is switched off. */
export async function dressBadge() {
  const { badge = true } = await settings();
  await chrome.action.setBadgeBackgroundColor({ color: '#0b766f' });
  await chrome.action.setBadgeTextColor({ color: '#ffffff' });
  if (badge) return;
  for (const { id } of await chrome.tabs.query({})) {
    if (id !== undefined) await chrome.action.setBadgeText({ tabId: id, text: '' }).catch(() => {});
  }
}

/** 7, 42, 999, 1k, 12k, 999k, 1M @param {number} count */
function short(count) {
  if (count < 1_000) return String(count);
  return count < 1_000_000 ? `${Math.floor(count / 1_000)}k` : `${Math.min(Math.floor(count / 1_000_000), 999)}M`;
}
