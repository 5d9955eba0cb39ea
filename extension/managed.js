// What an organisation has fixed, laid over what a person has set. Service worker and pages share this file.

/**
 * One object over another, key by key; lists and plain values are replaced as a whole.
 * @param {any} under @param {any} over @returns {any} a new object
 */
export function overlay(under, over) {
  if (!isObject(under) || !isObject(over)) return structuredClone(over);
  const laid = { ...under };
  for (const [key, value] of Object.entries(over)) laid[key] = overlay(under[key], value);
  return laid;
}

/**
 * Asks the browser what the organisation has fixed, and remembers it beside the settings. While the browser starts it
 * takes seconds to answer: nobody waits for it, what is remembered from the last time counts until then.
 */
export async function learnManaged() {
  // A browser that knows no policies has none.
  const [now, { managed = {} }] = await Promise.all([
    chrome.storage.managed.get().catch(() => ({})),
    chrome.storage.local.get('managed'),
  ]);
  if (JSON.stringify(now) !== JSON.stringify(managed)) await chrome.storage.local.set({ managed: now });
}

/** The settings as stored, and what is known to be managed. @returns {Promise<{settings: any, managed: any}>} */
export async function storedAndManaged() {
  const { settings = {}, managed = {} } = await chrome.storage.local.get(['settings', 'managed']);
  return { settings, managed };
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
