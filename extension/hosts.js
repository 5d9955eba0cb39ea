// Two lists of hosts that outlive the service worker: those to be gated, and those whose pages may be held.

import { putGates } from './rules.js';

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

/** Pages of this host may be held: their content script is to know before their first byte. */
export const expect = (host) => remember('expected', host, registerExpected);

/** Puts everything in force that was remembered; idempotent. */
export async function restoreHosts() {
  const { gated = [], expected = [] } = await chrome.storage.local.get(['gated', 'expected']);
  await putGates(gated);
  await registerExpected(expected);
}

async function registerExpected(hosts) {
  const script = {
    id: 'expected',
    js: ['expected.js'],
    matches: hosts.map((host) => `https://${host}/*`),
    runAt: 'document_start',
  };
  await register(script, hosts.length > 0);
}

/** Registers, replaces or removes a content script. */
export async function register(script, wanted) {
  const there = await chrome.scripting.getRegisteredContentScripts({ ids: [script.id] });
  if (!wanted) {
    if (there.length > 0) await chrome.scripting.unregisterContentScripts({ ids: [script.id] });
  } else if (there.length > 0) {
    await chrome.scripting.updateContentScripts([script]);
  } else {
    await chrome.scripting.registerContentScripts([script]);
  }
}
