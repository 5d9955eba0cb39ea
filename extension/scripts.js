// Which content scripts run where. What every page gets waits until the page is loaded; what holds images has to be
// there before the first of them, and so costs each page a little: it is registered only where there may be a plan.

import { settings } from './settings.js';

const HTTPS = ['https://*/*'];

let chain = Promise.resolve();
/** What is in force, once it is known: hosts whose pages may be held, and whether any page may be. */
let held = null;

/** Registers what the settings and the lists of hosts want; one change after the other, idempotent. */
export function registerScripts() {
  chain = chain.then(register).catch((fault) => console.warn('content scripts were refused:', fault.name));
  return chain;
}

/** No page gets any. */
export function unregisterScripts() {
  chain = chain.then(async () => {
    held = { hosts: new Set(), everywhere: false };
    await chrome.scripting.unregisterContentScripts();
  });
  return chain;
}

/** From now on any page may be held, until the browser is closed. */
export async function attend() {
  await chrome.storage.session.set({ attending: true });
  await registerScripts();
}

/** Whether a page of this host, if it is asked for now, has a content script that can hold its images. */
export async function attended(host) {
  held ??= await lists();
  return held.everywhere || held.hosts.has(host);
}

async function lists() {
  const [{ expected = [] }, { attending = false }] = await Promise.all([
    chrome.storage.local.get('expected'),
    chrome.storage.session.get('attending'),
  ]);
  return { hosts: new Set(expected), everywhere: attending };
}

async function register() {
  const { sites = {} } = await settings();
  const off = Object.keys(sites).filter((origin) => sites[origin] === 'off');
  const excludeMatches = off.map((origin) => `${origin}/*`);
  const wanted = await lists();
  const script = (id, runAt, matches, ...js) => ({ id, runAt, matches, excludeMatches, js });
  const holding = ['page_link.js', 'candidates.js', 'content.js'];
  const scripts = [
    script('parsed', 'document_start', HTTPS, 'parsed.js'),
    script('after', 'document_idle', HTTPS, 'page_link.js', 'candidates.js', 'uses.js', 'after.js'),
  ];
  if (wanted.hosts.size > 0) {
    const hosts = [...wanted.hosts].map((host) => `https://${host}/*`);
    scripts.push(script('expected', 'document_start', hosts, ...holding));
  }
  if (wanted.everywhere) scripts.push(script('everywhere', 'document_start', HTTPS, ...holding));
  const there = new Set((await chrome.scripting.getRegisteredContentScripts()).map(({ id }) => id));
  const fresh = scripts.filter(({ id }) => !there.has(id));
  const known = scripts.filter(({ id }) => there.has(id));
  const gone = [...there].filter((id) => !scripts.some((wanted) => wanted.id === id));
  if (gone.length > 0) await chrome.scripting.unregisterContentScripts({ ids: gone });
  if (known.length > 0) await chrome.scripting.updateContentScripts(known);
  if (fresh.length > 0) await chrome.scripting.registerContentScripts(fresh);
  held = wanted;
}
