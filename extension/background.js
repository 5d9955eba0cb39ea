// The service worker: it observes requests, installs and removes rules, and passes on what it sees. It decides
// nothing. Every listener is registered synchronously, because the event that woke it is waiting.

import { dressBadge, showCount } from './badge.js';
import { close, engineLives, link, open, tell } from './engine_link.js';
import { expect, gate, register, restoreHosts } from './hosts.js';
import { keep, ledgerFact, rest, rests } from './kept.js';
import { learnManaged, storedAndManaged } from './managed.js';
import { presence, watchPresence } from './presence.js';
import { apply, forget, forgetAll, renew, serves } from './rules.js';
import { changeSettings, onSettings, settings, siteOn } from './settings.js';
import { readyPlan, warm } from './shelf.js';

const HTTPS = ['https://*/*'];
const TYPES = ['image', 'font', 'script'];
/** Requests that are followed at once; more than a browser has open. */
const MOST_REQUESTS = 2000;
/** Response fields that the engine reads; the rest stays here. */
const FIELDS = new Set(
  `access-control-allow-origin age cache-control clear-site-data content-disposition content-encoding content-length
  content-range content-security-policy content-security-policy-report-only content-type
  cross-origin-embedder-policy cross-origin-resource-policy date etag expires last-modified pragma referrer-policy
  refresh service-worker-allowed set-cookie slipstream vary www-authenticate`.split(/\s+/),
);

/** Numbers where there is no engine. */
const NOTHING = { version: 1, engine: 'off', server: 'off', tab: null };

/** What was seen of requests that are under way. */
const requests = new Map();
/** The document that each tab shows; lost when the service worker stops, and then a reload counts as a visit. */
const shown = new Map();

const fields = (headers = []) =>
  headers
    .map(({ name, value }) => [name.toLowerCase(), value ?? ''])
    // A cookie's value is nobody's business: that there was one is all that counts.
    .map(([name, value]) => [name, name === 'set-cookie' ? '1' : value])
    .filter(([name]) => FIELDS.has(name));

const ours = (details) =>
  details.tabId >= 0 && details.frameId === 0 && details.documentLifecycle !== 'prerender';

chrome.webRequest.onBeforeRequest.addListener(
  (details) => {
    if (ours(details)) void navigate(details.tabId, details.url);
  },
  { urls: HTTPS, types: ['main_frame'] },
);

chrome.webRequest.onSendHeaders.addListener(
  (details) => {
    if (!ours(details)) return;
    // A request that was redirected on its way sends its headers twice.
    const request = { redirected: requests.has(details.requestId) };
    if (requests.size >= MOST_REQUESTS) requests.delete(requests.keys().next().value);
    requests.set(details.requestId, request);
    const sent = (name) => details.requestHeaders?.find((field) => field.name.toLowerCase() === name)?.value;
    request.cookie = sent('cookie') !== undefined;
    request.accept = sent('accept');
  },
  { urls: HTTPS, types: TYPES },
  ['requestHeaders', 'extraHeaders'],
);

chrome.webRequest.onHeadersReceived.addListener(
  (details) => {
    const redirect = details.statusCode >= 300 && details.statusCode < 400 && details.statusCode !== 304;
    if (!ours(details) || redirect) return;
    shown.set(details.tabId, details.url);
    const { tabId: tab, url, statusCode: status } = details;
    say({ type: 'head', tab, url, status, headers: fields(details.responseHeaders) });
  },
  { urls: HTTPS, types: ['main_frame'] },
  ['responseHeaders', 'extraHeaders'],
);

chrome.webRequest.onCompleted.addListener(
  (details) => {
    const request = requests.get(details.requestId);
    requests.delete(details.requestId);
    if (!ours(details)) return;
    say({
      type: 'response',
      tab: details.tabId,
      url: details.url,
      requestType: details.type,
      method: details.method,
      status: details.statusCode,
      fromCache: details.fromCache,
      redirected: request?.redirected ?? false,
      headers: fields(details.responseHeaders),
      cookie: request?.cookie,
      accept: request?.accept,
      ip: details.ip,
      topFrame: true,
    });
  },
  { urls: HTTPS, types: TYPES },
  ['responseHeaders', 'extraHeaders'],
);

chrome.webRequest.onErrorOccurred.addListener((details) => requests.delete(details.requestId), {
  urls: HTTPS,
  types: TYPES,
});

chrome.tabs.onRemoved.addListener((tab) => {
  shown.delete(tab);
  unwatch(tab);
  void forget(tab);
  void engineLives().then((lives) => lives && say({ type: 'tabClosed', tab }));
});

chrome.runtime.onInstalled.addListener(({ reason }) => {
  void begin();
  if (reason === 'install') void welcome();
});
chrome.runtime.onStartup.addListener(() => void begin());
chrome.permissions.onAdded.addListener(() => void begin());
onSettings(() => void settingsChanged());
watchPresence(say);
chrome.commands.onCommand.addListener((command, tab) => void commanded(command, tab));

chrome.runtime.onMessage.addListener((message, sender, respond) => {
  // Pages of the extension, in a tab or not; content scripts have nothing to ask here.
  if (sender.id !== chrome.runtime.id || !sender.url?.startsWith(chrome.runtime.getURL(''))) return false;
  switch (message?.type) {
    case 'stats':
      void ask({ type: 'stats', tab: message.tab }, NOTHING).then(respond);
      return true;
    case 'outcomes':
      void ask({ type: 'outcomes', tab: message.tab }, {}).then(respond);
      return true;
    case 'loads':
    case 'peers':
    case 'sites':
      void ask({ type: message.type }, []).then(respond);
      return true;
    case 'clearSite':
      tell({ type: 'clearSite', site: String(message.site) });
      return false;
    case 'clear':
      void clear().then(respond);
      return true;
    case 'fromEngine':
      void obey(message.message);
      return false;
    default:
      return false;
  }
});

/** Requests that a rule answers never send headers; only where there are such rules are they watched for. */
const watched = new Map();

function watch(tab) {
  if (watched.has(tab)) return;
  const asked = (details) => {
    if (ours(details) && serves(tab, details.url)) say({ type: 'substituted', tab, url: details.url });
  };
  watched.set(tab, asked);
  chrome.webRequest.onBeforeRequest.addListener(asked, { urls: HTTPS, types: TYPES, tabId: tab });
}

function unwatch(tab) {
  if (watched.has(tab)) chrome.webRequest.onBeforeRequest.removeListener(watched.get(tab));
  watched.delete(tab);
}

/** Tells the engine, unless everything is switched off: then there is none, and none is to be started. */
function say(fact) {
  void settings().then(({ enabled }) => enabled !== false && tell(fact));
}

link(
  async () => [
    await ledgerFact(),
    await presence(),
    { type: 'settings', settings: await settings() },
  ],
  (message) => void obey(message),
);
warm();

async function navigate(tab, address) {
  const url = new URL(address);
  url.hash = '';
  const reload = shown.get(tab) === address;
  say({ type: 'navigate', tab, url: url.href, reload });
  unwatch(tab);
  const ready = async () => {
    // All at once: the page's first bytes are on their way.
    const [current, resting, plan] = await Promise.all([
      settings(),
      rests(url.origin),
      reload ? [] : readyPlan(url.href),
    ]);
    if (plan.length === 0 || resting || !siteOn(current, url.origin)) return [];
    watch(tab);
    return plan;
  };
  await renew(tab, url.host, ready());
}

/** Carries out what the engine wants. */
async function obey(message) {
  switch (message.type) {
    case 'rules':
      if (message.serve.length > 0) watch(message.tab);
      await apply(message);
      tell({ type: 'applied', tab: message.tab, serial: message.serial });
      break;
    case 'expect':
      await expect(message.host);
      break;
    case 'gate':
      await gate(message.host);
      break;
    case 'keep':
      await keep(message.ledger);
      break;
    case 'rest':
      await rest(message.sites);
      break;
    case 'count':
      await showCount(message.tab, message.count);
      break;
    case 'fault':
      await restart();
      break;
  }
}

/** Sharing stays off until somebody has said on this page that it should not. */
async function welcome() {
  await learnManaged();
  const { managed } = await storedAndManaged();
  if (managed.firstRun !== false) await chrome.tabs.create({ url: 'popup/welcome.html' });
}

/** A key was pressed for a switch. @param {string} command @param {chrome.tabs.Tab} [tab] */
async function commanded(command, tab) {
  const { origin, protocol } = tab?.url ? new URL(tab.url) : { origin: '', protocol: '' };
  await changeSettings((stored) => {
    if (command === 'switch-everywhere') stored.enabled = stored.enabled === false;
    if (command === 'switch-site' && protocol === 'https:') {
      stored.sites = { ...stored.sites, [origin]: stored.sites?.[origin] === 'off' ? 'on' : 'off' };
    }
  });
}

async function begin() {
  await restoreHosts();
  await settingsChanged();
}

let applying = Promise.resolve();

/** Brings everything in line with the settings as they are now; one change after the other. */
function settingsChanged() {
  applying = applying.then(applySettings).catch((fault) => console.warn('settings failed:', fault.name));
  return applying;
}

async function applySettings() {
  const current = await settings();
  const off = Object.entries(current.sites ?? {}).filter(([, value]) => value === 'off');
  const enabled = current.enabled !== false;
  const script = {
    id: 'content',
    js: ['candidates.js', 'uses.js', 'content.js'],
    matches: HTTPS,
    excludeMatches: off.map(([origin]) => `${origin}/*`),
    runAt: 'document_start',
  };
  await register(script, enabled);
  await dressBadge();
  if (enabled) {
    await open();
    tell({ type: 'settings', settings: await settings() });
  } else {
    await forgetAll();
    await close();
  }
}

/** The engine has failed: nothing of it stays in force, and it is started again, a few times at most. */
async function restart() {
  await forgetAll();
  await close();
  const { faults = [] } = await chrome.storage.session.get('faults');
  const recent = [...faults.filter((at) => Date.now() - at < 600_000), Date.now()];
  await chrome.storage.session.set({ faults: recent });
  if (recent.length <= 3) await open();
}

/** Passes a question on to the engine, if there is one. */
async function ask(question, otherwise) {
  if (!(await engineLives())) return otherwise;
  // The document may be there before it listens.
  const answer = await chrome.runtime.sendMessage({ to: 'engine', ...question }).catch(() => null);
  return answer ?? otherwise;
}

async function clear() {
  await forgetAll();
  await open();
  tell({ type: 'clear' });
  return { ok: true };
}
