// After the load: it tells the engine what the document is like, and reads bodies from the page's own cache in idle
// time. Until then it costs the page nothing.

(() => {
  'use strict';

  const { absolute, choose, wellFormed } = globalThis.slipstreamCandidates;
  const { tell, on } = globalThis.slipstreamLink;

  let following = null;

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
    const worker = workers();
    const serviceWorker = Boolean(worker?.controller ?? (await worker?.getRegistration()));
    // One that comes later still changes how the page is to be served next time.
    if (loaded) worker?.addEventListener('controllerchange', () => void seen(true), { once: true });
    if (loaded) followScripts();
    tell({
      type: 'seen',
      metaCsp: document.querySelector('meta[http-equiv="content-security-policy" i]') !== null,
      serviceWorker,
      sensitive: document.querySelector('input[type=password], [autocomplete^="cc-"]') !== null,
      images: [...images].slice(0, 512),
      scripts: scripts(),
      loaded,
    });
  }

  /** A script may bring others whenever it likes. */
  function followScripts() {
    if (following) return;
    following = new PerformanceObserver((list) => {
      if (list.getEntries().some(({ initiatorType }) => initiatorType === 'script')) {
        tell({ type: 'scripts', scripts: scripts() });
      }
    });
    following.observe({ type: 'resource' });
  }

  /** A document in a sandbox has none, and may not even ask. */
  function workers() {
    try {
      return navigator.serviceWorker;
    } catch {
      return undefined;
    }
  }

  /**
   * Scripts that the document itself runs. To the browser's extensions a worker's look the same, but a worker can be
   * started from nothing but its own origin. And a script whose integrity cannot be checked does not run.
   */
  function scripts() {
    const urls = new Map();
    for (const { name, initiatorType } of performance.getEntriesByType('resource')) {
      urls.set(name, initiatorType !== 'other' && (urls.get(name) ?? true));
    }
    for (const { src, integrity, crossOrigin } of document.scripts) {
      if (integrity && crossOrigin === null && new URL(src).origin !== location.origin) urls.set(src, false);
    }
    return [...urls].filter(([, runs]) => runs).map(([url]) => url).slice(0, 512);
  }

  async function harvest(items, parallel) {
    const queue = [...items];
    const reader = async () => {
      for (let item = queue.shift(); item; item = queue.shift()) {
        await new Promise((resolve) => requestIdleCallback(resolve, { timeout: 1000 }));
        const url = item.nonce ? `${item.url}#${item.nonce}` : item.url;
        tell({ type: 'harvested', url: item.url, bytes: await read(url, item.accept) });
      }
    };
    await Promise.all(Array.from({ length: parallel }, reader));
  }

  async function read(url, accept) {
    // A page in a sandbox has no origin, and may read nothing: to try would cost a request and a complaint.
    if (globalThis.origin === 'null') return null;
    const headers = accept === null ? {} : { accept };
    try {
      const response = await fetch(url, { cache: 'force-cache', credentials: 'omit', redirect: 'error', headers });
      return response.ok ? await response.arrayBuffer() : null;
    } catch {
      return null;
    }
  }
})();
