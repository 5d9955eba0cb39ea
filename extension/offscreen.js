// The engine's home: it passes messages between the wasm engine, the service worker and content scripts.

import { watchCircumstances } from './circumstances.js';
import init, { Shell } from './engine.js';

/** @type {Map<number, chrome.runtime.Port>} */
const pages = new Map();
/** @type {chrome.runtime.Port | null} */
let worker = null;
let shell = null;
let nextPage = 1;
/** What happened before the engine was there, in its order; bounded, because starting takes well under a second. */
const early = [];
const MOST_EARLY = 5000;

/** Hands something to the engine, now or as soon as it is there. An engine that fails is reported and left. */
function hand(deed) {
  if (shell === null) {
    if (early.length < MOST_EARLY) early.push(deed);
    return undefined;
  }
  try {
    return deed(shell);
  } catch (fault) {
    if (fault instanceof WebAssembly.RuntimeError) {
      toWorker({ type: 'fault' });
    } else {
      console.warn('the engine refused a message:', fault.message);
    }
    return undefined;
  }
}

/** The service worker may be asleep: a message wakes it where there is no port. */
function toWorker(message) {
  if (worker) {
    worker.postMessage(message);
  } else {
    void chrome.runtime.sendMessage({ type: 'fromEngine', message }).catch(() => {});
  }
}

function toPage(page, message) {
  pages.get(page)?.postMessage(message);
}

chrome.runtime.onConnect.addListener((port) => {
  if (port.sender?.id !== chrome.runtime.id) return;
  if (port.name === 'worker' && port.sender.tab === undefined) {
    worker = port;
    port.onMessage.addListener((fact) => hand((engine) => engine.fact(fact)));
    port.onDisconnect.addListener(() => {
      if (worker === port) worker = null;
    });
  } else if (port.name === 'page' && port.sender.tab && port.sender.frameId === 0) {
    servePage(port);
  }
});

function servePage(port) {
  const page = nextPage++;
  const { tab, url } = port.sender;
  pages.set(page, port);
  port.onMessage.addListener((message) => {
    if (message?.type === 'harvested') {
      const bytes = message.bytes instanceof ArrayBuffer ? new Uint8Array(message.bytes) : undefined;
      hand((engine) => engine.harvested(page, String(message.url), bytes));
    } else {
      hand((engine) => engine.pageFact(page, message));
    }
  });
  port.onDisconnect.addListener(() => {
    void chrome.runtime.lastError;
    pages.delete(page);
    hand((engine) => engine.pageClosed(page));
  });
  hand((engine) => engine.pageOpened(page, tab.id, url));
  // A page may bring something to be kept.
  void lookAtDisk();
}

chrome.runtime.onMessage.addListener((message, sender, respond) => {
  if (sender.id !== chrome.runtime.id || message?.to !== 'engine') return false;
  if (message.type === 'stats') {
    hand((engine) => respond(engine.stats(message.tab)));
    return true;
  }
  if (message.type === 'loads' || message.type === 'peers' || message.type === 'sites') {
    hand((engine) => respond(engine[message.type]()));
    return true;
  }
  if (message.type === 'outcomes') {
    hand((engine) => respond(engine.outcomes(message.tab)));
    return true;
  }
  return false;
});

const lookAtDisk = watchCircumstances((fact) => hand((engine) => engine.fact(fact)));

await init({ module_or_path: new URL('engine_bg.wasm', import.meta.url) });
shell = await Shell.start(toWorker, toPage);
for (const deed of early.splice(0)) hand(deed);
