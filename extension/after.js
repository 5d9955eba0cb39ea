// After the load: it tells the engine what the document is like, and reads bodies from the page's own cache in idle
// time. Until then it costs the page nothing.

(() => {
  'use strict';

  const { absolute, choose, wellFormed } = globalThis.slipstreamCandidates;
  const { tell, on } = globalThis.slipstreamLink;

  on('harvest', ({ items, parallel }) => void harvest(items, parallel));
  const report = () => requestIdleCallback(() => void seen(true), { timeout: 2000 });
  if (document.readyState === 'complete') {
    report();
  } else {
    addEventListener('load', () => setTimeout(report), { once: true });
    // Others may be loading the same page: they want to know its images before they are loaded.
    globalThis.slipstreamEarly?.answer(() => requestIdleCallback(() => void seen(false), { timeout: 200 }));
  }

  async function seen(loaded) {
    const parsed = globalThis.slipstreamParsed ?? [];
    const images = new Set();
    for (const image of parsed) {
      const url = globalThis.slipstreamChosen?.(image) ?? (absolute(image.currentSrc) || choose(image)?.url);
      if (url && wellFormed(image)) images.add(url);
    }
    // Only an image element can be given its bytes later: what anything else shows, too, must not be held.
    if (images.size > 0) for (const url of await globalThis.slipstreamOtherUses()) images.delete(url);
    const [{ loadEventStart = 0 } = {}] = performance.getEntriesByType('navigation');
    if (loaded && loadEventStart > 0) tell({ type: 'took', ms: loadEventStart });
    tell({
      type: 'seen',
      metaCsp: document.querySelector('meta[http-equiv="content-security-policy" i]') !== null,
      serviceWorker: Boolean(navigator.serviceWorker?.controller),
      sensitive: document.querySelector('input[type=password], [autocomplete^="cc-"]') !== null,
      images: [...images].slice(0, 512),
      loaded,
    });
  }

  async function harvest(items, parallel) {
    const queue = [...items];
    const reader = async () => {
      for (let item = queue.shift(); item; item = queue.shift()) {
        await new Promise((resolve) => requestIdleCallback(resolve, { timeout: 1000 }));
        const url = item.nonce ? `${item.url}#${item.nonce}` : item.url;
        tell({ type: 'harvested', url: item.url, bytes: await read(url) });
      }
    };
    await Promise.all(Array.from({ length: parallel }, reader));
  }

  async function read(url) {
    try {
      const response = await fetch(url, { cache: 'force-cache', credentials: 'omit', redirect: 'error' });
      return response.ok ? await response.arrayBuffer() : null;
    } catch {
      return null;
    }
  }
})();
