// The content script: it tells the engine what the document is like, puts images in their place that the engine
// brings, lets all others go to their origin, and reads bodies from the page's own cache in idle time. On a page
// without a plan it only reports. It obeys; facts §7, §12 and §14 say why each step is as it is.

(() => {
  'use strict';

  // Added to a URL, it takes a request past the rules; no server ever sees it. rules.js has it, too.
  const TO_ORIGIN = '#slip-origin';
  // Until the plan is here, an expected page's failed images are kept back for so long, in ms. It always comes, but
  // for an engine that is just starting.
  const UNDECIDED = 2000;
  // An image that fails so soon after it was sent to its origin has met the end of its first request, in ms.
  const AGAIN = 50;

  const { absolute, candidates, choose, parseSrcset, sources, wellFormed } = globalThis.slipstreamCandidates;

  let port;
  try {
    port = chrome.runtime.connect({ name: 'page' });
  } catch {
    return; // The extension was replaced under this page.
  }

  /** What is on its way: by URL, who waits for it, and what came. */
  const coming = new Map();
  /** What was done to an image. */
  const states = new WeakMap();
  /** Images that failed before it was known whether a plan stands behind it. */
  let undecided = new Set();
  let decided = false;
  let observer = null;
  let silence = 0;
  let silenceTimer = 0;
  let holder = null;
  let holdCap = UNDECIDED;
  let waiting = 0;

  port.onMessage.addListener((message) => {
    switch (message.type) {
      case 'plan':
        planned(message);
        break;
      case 'body':
        arrived(message);
        break;
      case 'miss':
        missed(message.url);
        break;
      case 'harvest':
        void harvest(message.items, message.parallel);
        break;
    }
  });
  port.onDisconnect.addListener(() => {
    void chrome.runtime.lastError;
    decide();
    giveUp();
  });

  addEventListener('error', onError, true);
  addEventListener('DOMContentLoaded', onParsed, { once: true });
  setTimeout(decide, UNDECIDED);

  function tell(message) {
    try {
      port.postMessage(message);
    } catch {
      // Disconnected: the engine is gone, and the page has all it needs.
    }
  }

  // ---- the plan

  function planned({ hold, silence: longest, cap }) {
    if (hold.length === 0) {
      decide();
      return;
    }
    for (const { url, open } of hold) {
      if (!coming.has(url)) coming.set(url, { open, images: new Set(), body: null, missed: false });
    }
    silence = longest;
    holdCap = cap;
    if (!observer) {
      observer = new MutationObserver(onMutations);
      observer.observe(document, {
        childList: true,
        subtree: true,
        attributes: true,
        attributeFilter: ['src', 'srcset'],
      });
    }
    for (const image of document.images) consider(image);
    decide();
    heard();
  }

  /** Images that failed too early are taken up by the plan, or get the error that was kept back. */
  function decide() {
    if (decided) return;
    decided = true;
    const early = undecided;
    undecided = new Set();
    for (const image of early) {
      if (!states.has(image) && !adopt(image)) image.dispatchEvent(new Event('error'));
    }
    settle();
  }

  function heard() {
    clearTimeout(silenceTimer);
    if (waiting > 0) silenceTimer = setTimeout(giveUp, silence);
  }

  /** Nothing came for too long, or the engine is gone: what is still waited for goes to the origin. */
  function giveUp() {
    for (const [url, entry] of coming) {
      if (entry.body !== null || entry.missed) continue;
      if (entry.images.size > 0) tell({ type: 'fellBack', url });
      missed(url);
    }
  }

  function arrived({ url, contentType, bytes }) {
    const entry = coming.get(url);
    if (!entry || entry.body !== null || entry.missed) return;
    entry.body = URL.createObjectURL(new Blob([bytes], { type: contentType }));
    for (const image of entry.images) swap(image, entry.body);
    entry.images.clear();
    heard();
    settle();
  }

  function missed(url) {
    const entry = coming.get(url);
    if (!entry || entry.body !== null) return;
    entry.missed = true;
    for (const image of entry.images) toOrigin(image);
    entry.images.clear();
    heard();
    settle();
  }

  // ---- images

  function onMutations(records) {
    for (const { type, target, addedNodes } of records) {
      if (type === 'attributes') {
        if (target.localName === 'img') rewritten(target);
        continue;
      }
      for (const node of addedNodes) {
        if (node.localName === 'img') consider(node);
        else if (node.firstElementChild) for (const image of node.querySelectorAll('img')) consider(image);
      }
    }
  }

  /** Changes attributes without taking the change for the page's own. */
  function quietly(change) {
    if (observer) onMutations(observer.takeRecords());
    change();
    observer?.takeRecords();
  }

  function consider(image) {
    if (states.has(image) || (image.complete && image.naturalWidth > 0)) return;
    const choice = choose(image);
    if (choice) take(image, choice);
  }

  /** An image whose request was ended by a rule, whatever `choose` made of it. */
  function adopt(image) {
    const url = image.currentSrc || image.src;
    if (!coming.has(url)) return false;
    const choice = candidates(image).find((candidate) => candidate.url === url);
    if (choice === undefined || !take(image, choice)) return false;
    // Its request has failed already.
    const state = states.get(image);
    if (state.phase === 'left') toOrigin(image);
    else if (state.phase === 'spare') swap(image, coming.get(choice.url).body);
    return true;
  }

  function take(image, choice) {
    const entry = coming.get(choice.url);
    if (!entry) return false;
    const state = { choice, written: written(image), srcset: image.getAttribute('srcset'), phase: 'waiting' };
    states.set(image, state);
    // A blob has no CORS to pass: where the origin's answer might not have passed, the origin is to say so.
    const open = image.crossOrigin === null || (entry.open && image.crossOrigin !== 'use-credentials');
    if (entry.missed || !open) {
      // Its request may have been ended by a rule just now, or have got past it. Only a failure needs a new one:
      // asked for at once, the same address would be answered by the request that is still failing.
      state.phase = 'left';
    } else if (entry.body !== null && document.readyState === 'complete') {
      // Its rule is gone by now, or will be in a moment: most likely nothing is to be done, and whoever waits for this
      // image to be decoded is not disturbed.
      state.phase = 'spare';
    } else if (entry.body !== null) {
      swap(image, entry.body);
    } else {
      strip(image, state);
      entry.images.add(image);
      heard();
    }
    return true;
  }

  function strip(image, state) {
    quietly(() => {
      for (const [element] of state.written) element.removeAttribute('srcset');
      image.removeAttribute('src');
    });
    state.eager = image.loading !== 'lazy';
    if (state.eager) waiting += 1;
    hold();
  }

  /** What the page wrote: the image and the sources before it, each with its `srcset`. */
  function written(image) {
    const elements = image.parentElement?.localName === 'picture' ? sources(image) : [];
    return [...elements, image].map((element) => [element, element.getAttribute('srcset')]);
  }

  function swap(image, blob) {
    const state = states.get(image);
    writeBack(image, state, blob);
    state.phase = 'swapped';
    image.addEventListener('load', () => tell({ type: 'shown', url: state.choice.url }), { once: true });
  }

  function toOrigin(image) {
    const state = states.get(image);
    writeBack(image, state, state.choice.url + TO_ORIGIN);
    state.since = state.phase === 'origin' ? 0 : performance.now();
    state.phase = 'origin';
  }

  /** All candidates in one task, as the page wrote them, but for the chosen one's URL (facts S78). */
  function writeBack(image, state, url) {
    if (state.phase === 'waiting' && state.eager) waiting -= 1;
    const { element, at, descriptor } = state.choice;
    quietly(() => {
      for (const [other, srcset] of state.written) {
        if (other !== element) {
          if (srcset !== null) other.setAttribute('srcset', srcset);
        } else if (at === -1) {
          other.setAttribute('srcset', srcset === null ? `${url} 1x` : `${url} 1x, ${srcset}`);
        } else {
          const list = parseSrcset(srcset);
          list[at] = { url, descriptor };
          other.setAttribute('srcset', list.map((c) => `${c.url} ${c.descriptor}`.trim()).join(', '));
        }
      }
      if (state.choice.src !== null) image.setAttribute('src', state.choice.src);
      state.srcset = image.getAttribute('srcset');
    });
  }

  /** The page itself wrote to an image that was touched: from here on it is the page's (facts S79). */
  function rewritten(image) {
    const state = states.get(image);
    if (!state) {
      consider(image);
    } else if (state.phase === 'waiting') {
      const entry = coming.get(state.choice.url);
      if (!entry?.images.delete(image)) return;
      if (state.eager) waiting -= 1;
      states.delete(image);
      quietly(() => putBack(image, state));
      consider(image);
      settle();
    } else if (image.getAttribute('src') !== state.choice.src || image.getAttribute('srcset') !== state.srcset) {
      states.delete(image);
      const own = state.written.at(-1)[1];
      const ours = own === null && image.getAttribute('srcset') === state.srcset;
      if (ours) quietly(() => image.removeAttribute('srcset'));
      consider(image);
    }
  }

  /** What was taken away and not written anew by the page. */
  function putBack(image, state) {
    for (const [element, srcset] of state.written) {
      if (srcset !== null && !element.hasAttribute('srcset')) element.setAttribute('srcset', srcset);
    }
    if (state.choice.src !== null && !image.hasAttribute('src')) image.setAttribute('src', state.choice.src);
  }

  function onError(event) {
    const image = event.target;
    if (!(image instanceof HTMLImageElement)) return;
    const state = states.get(image);
    if (state?.phase === 'waiting') {
      event.stopImmediatePropagation();
    } else if (state?.phase === 'spare') {
      event.stopImmediatePropagation();
      swap(image, coming.get(state.choice.url).body);
    } else if (state?.phase === 'left' || (state?.phase === 'origin' && performance.now() - state.since < AGAIN)) {
      // The failure of the request that a rule ended; after the second one the page hears of it.
      event.stopImmediatePropagation();
      toOrigin(image);
    } else if (state?.phase === 'swapped' && image.currentSrc.startsWith('blob:')) {
      // Right bytes that do not decode would not have decoded from the origin either: let it say so itself.
      event.stopImmediatePropagation();
      tell({ type: 'fellBack', url: state.choice.url });
      toOrigin(image);
    } else if (!state && !decided && globalThis.slipstreamExpected) {
      event.stopImmediatePropagation();
      undecided.add(image);
      hold();
    } else if (!state && adopt(image)) {
      event.stopImmediatePropagation();
    }
  }

  // ---- the load event waits for what is on its way (facts S28)

  function hold() {
    if (holder || !isWaitedFor() || document.readyState === 'complete') return;
    holder = document.createElement('div');
    const frame = document.createElement('iframe');
    holder.attachShadow({ mode: 'closed' }).append(frame);
    document.documentElement.append(holder);
    frame.contentDocument?.open();
    setTimeout(release, holdCap);
  }

  /** Whether the load event would come too early now. */
  function isWaitedFor() {
    return waiting > 0 || undecided.size > 0;
  }

  function settle() {
    if (!isWaitedFor() && document.readyState !== 'loading') release();
  }

  function release() {
    holder?.remove();
  }

  // ---- what the document is like

  function onParsed() {
    const parsed = [...document.images];
    settle();
    const report = () => requestIdleCallback(() => void seen(parsed), { timeout: 2000 });
    if (document.readyState === 'complete') report();
    else addEventListener('load', () => setTimeout(report), { once: true });
  }

  async function seen(parsed) {
    const images = new Set();
    for (const image of parsed) {
      const url = states.get(image)?.choice.url ?? (absolute(image.currentSrc) || choose(image)?.url);
      if (url && wellFormed(image)) images.add(url);
    }
    // Only an image element can be given its bytes later: what anything else shows, too, must not be held.
    if (images.size > 0) for (const url of await globalThis.slipstreamOtherUses()) images.delete(url);
    const [{ loadEventStart = 0 } = {}] = performance.getEntriesByType('navigation');
    if (loadEventStart > 0) tell({ type: 'took', ms: loadEventStart });
    tell({
      type: 'seen',
      metaCsp: document.querySelector('meta[http-equiv="content-security-policy" i]') !== null,
      serviceWorker: Boolean(navigator.serviceWorker?.controller),
      sensitive: document.querySelector('input[type=password], [autocomplete^="cc-"]') !== null,
      images: [...images].slice(0, 512),
      loaded: true,
    });
  }

  // ---- the harvest

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
