// The service worker: it observes requests, installs and removes rules, and passes on what it sees. It decides
// nothing. Every listener is registered synchronously, because the event that woke it is waiting.

import { dressBadge, showCount } from './badge.js';
import { close, engineLives, link, open, tell } from './engine_link.js';
import { expect, gate, restoreGates } from './hosts.js';
import { keep, ledgerFact, rest, rests } from './kept.js';
import { learnManaged, storedAndManaged } from './managed.js';
import { presence, watchPresence } from './presence.js';
import { fields, follow, forgetTab, report, turnOver, unwatch, watch } from './requests.js';
import { apply, forget, forgetAll, renew } from './rules.js';
import { attend, attended, registerScripts, unregisterScripts } from './scripts.js';
import { changeSettings, onSettings, settings, siteOn } from './settings.js';
import { readyPlan, warm } from './shelf.js';

const HTTPS = ['https://*/*'];
/** Numbers where there is no engine. */
const NOTHING = { version: 1, engine: 'off', server: 'off', tab: null };

/** The document that each tab shows; lost when the service worker stops, and then a reload counts as a visit. */
const shown = new Map();

const ours = (details) =>
  details.tabId >= 0 && details.frameId === 0 && details.documentLifecycle !== 'prerender';

chrome.webRequest.onBeforeRequest.addListener(
  (details) => {
    if (ours(details)) void navigate(details.tabId, details.url);
  },
  { urls: HTTPS, types: ['main_frame'] },
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
  ['responseHeaders'],
);

follow(say);

chrome.tabs.onRemoved.addListener((tab) => {
  shown.delete(tab);
  forgetTab(tab);
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
      if (message.tab !== undefined) report(message.tab, say);
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

let saying = Promise.resolve();

/**
 * Tells the engine a fact, or what becomes one, each in its turn; unless everything is switched off: then there is no
 * engine, and none is to be started.
 */
function say(fact) {
  saying = saying.then(async () => {
    const told = await fact;
    if ((await settings()).enabled !== false) tell(told);
  });
  saying = saying.catch((fault) => console.warn('a fact was lost:', fault.name));
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
  say(attended(url.host).then((there) => ({ type: 'navigate', tab, url: url.href, reload, attended: there })));
  turnOver(tab);
  unwatch(tab);
  const ready = async () => {
    // All at once: the page's first bytes are on their way.
    const [current, resting, plan] = await Promise.all([
      settings(),
      rests(url.origin),
      reload ? [] : readyPlan(url.href),
    ]);
    if (plan.length === 0 || resting || !siteOn(current, url.origin)) return [];
    watch(tab, say);
    return plan;
  };
  await renew(tab, url.host, ready());
}

/** Carries out what the engine wants. */
async function obey(message) {
  switch (message.type) {
    case 'rules':
      if (message.serve.length > 0) watch(message.tab, say);
      await apply(message);
      tell({ type: 'applied', tab: message.tab, serial: message.serial });
      break;
    case 'expect':
      await expect(message.host);
      break;
    case 'report':
      report(message.tab, say);
      say({ type: 'reported', tab: message.tab });
      break;
    case 'attend':
      await attend();
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
  await restoreGates();
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
  const enabled = current.enabled !== false;
  if (enabled) await registerScripts();
  else await unregisterScripts();
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
