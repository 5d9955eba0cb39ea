// The way from a page's content scripts to the engine: one port, whichever of them needs it first.

globalThis.slipstreamLink ??= (() => {
  'use strict';

  const listeners = new Map();
  const ends = [];
  let port = null;
  try {
    port = chrome.runtime.connect({ name: 'page' });
  } catch {
    // The extension was replaced under this page.
  }
  port?.onMessage.addListener((message) => listeners.get(message.type)?.(message));
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
    on: (type, listener) => listeners.set(type, listener),
    onEnd: (ended) => ends.push(ended),
  };
})();
