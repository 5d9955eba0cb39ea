// Two lists of hosts that outlive the service worker: those to be gated, and those whose pages may be held.

import { putGates } from './rules.js';
import { registerScripts } from './scripts.js';

/** The oldest makes room. */
const MOST = 500;

let chain = Promise.resolve();

function remember(key, host, then) {
  chain = chain.then(async () => {
    const held = (await chrome.storage.local.get(key))[key] ?? [];
    if (held.includes(host)) return;
    const hosts = [...held, host].slice(-MOST);
    await chrome.storage.local.set({ [key]: hosts });
    await then(hosts);
  });
  chain = chain.catch((fault) => console.warn('a list of hosts was not kept:', fault.name));
  return chain;
}

/** Pages of this host are not to be touched by rules any more. */
export const gate = (host) => remember('gated', host, putGates);

/** Pages of this host may be held: their content script is to be there before their first element. */
export const expect = (host) => remember('expected', host, registerScripts);

/** Puts the gates in force that were remembered; idempotent. */
export async function restoreGates() {
  const { gated = [] } = await chrome.storage.local.get('gated');
  await putGates(gated);
}
