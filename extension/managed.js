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

/** What the organisation has fixed; empty where nothing is managed. @returns {Promise<Record<string, any>>} */
export async function managedSettings() {
  try {
    return await chrome.storage.managed.get();
  } catch {
    // This browser knows no policies.
    return {};
  }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
