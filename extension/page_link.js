// The way from a page's content scripts to the engine: one port, whichever of them needs it first.

globalThis.slipstreamLink ??= (() => {
  'use strict';

  const listeners = new Map();
  /** What came before the script was there that it is for; the engine says each of these things at most a few times. */
  let early = [];
  const ends = [];
  let port = null;
  try {
    port = chrome.runtime.connect({ name: 'page' });
  } catch {
    // The extension was replaced under this page.
  }
  port?.onMessage.addListener((message) => {
    const listener = listeners.get(message.type);
    if (listener) listener(message);
    else early.push(message);
  });
  port?.onDisconnect.addListener(() => {
    void chrome.runtime.lastError;
    port = null;
    for (const ended of ends) ended();
  });

  return {
    lives: () => port !== null,
    tell(message) {
      try {
        port?.postMessage(message);
      } catch {
        // Disconnected: the engine is gone, and the page has all it needs.
      }
    },
    on(type, listener) {
      listeners.set(type, listener);
      const meant = early.filter((message) => message.type === type);
      early = early.filter((message) => message.type !== type);
      for (const message of meant) listener(message);
    },
    onEnd: (ended) => ends.push(ended),
  };
})();
