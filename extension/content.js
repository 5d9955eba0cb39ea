// The content script of pages that may be held: it puts images in their place that the engine brings, and lets all
// others go to their origin. It obeys; facts §7, §12 and §14 say why each step is as it is.

(() => {
  'use strict';

  // Registered for all pages and for this host, it comes twice.
  if (globalThis.slipstreamChosen) return;

  // Added to a URL, it takes a request past the rules; no server ever sees it. rules.js has it, too.
  const TO_ORIGIN = '#slip-origin';
  // Until the plan is here, an expected page's failed images are kept back for so long, in ms. It always comes, but
  // for an engine that is just starting.
  const UNDECIDED = 2000;
  // So often an image is sent to its origin before the page hears that it failed: asked for while a rule is still
  // ending its first request, it is answered by that one, and how long that takes nobody can say.
  const TRIES = 3;

  const { candidates, choose, parseSrcset, sources } = globalThis.slipstreamCandidates;
  const { lives, tell, on, onEnd } = globalThis.slipstreamLink;

  /** What is on its way: by URL, who waits for it, and what came. */
  const coming = new Map();
  /** What was done to an image. */
  const states = new WeakMap();
  /** Images that came before it was known whether a plan stands behind them, and those of them that failed. */
  let early = new Set();
  let undecided = new Set();
  let decided = false;
  let observer = null;
  let silence = 0;
  let silenceTimer = 0;
  let holder = null;
  let holdCap = UNDECIDED;
  let waiting = 0;

  if (!lives()) return;
  on('plan', planned);
  on('body', arrived);
  on('miss', ({ url }) => missed(url));
  onEnd(() => {
    decide();
    giveUp();
  });

  observe();
  addEventListener('error', onError, true);
  addEventListener('DOMContentLoaded', settle, { once: true });
  setTimeout(decide, UNDECIDED);

  /** The engine's question what the document is like, asked before the load; after.js answers when it is there. */
  globalThis.slipstreamEarly = (() => {
    let asked = false;
    let answer = null;
    const settle = () => asked && answer && (answer(), (answer = null));
    return {
      ask: () => ((asked = true), settle()),
      answer: (how) => ((answer = how), settle()),
    };
  })();

  /** The URL that an image had chosen before it was touched. */
  globalThis.slipstreamChosen = (image) => states.get(image)?.choice.url;

  // ---- the plan

  function planned({ serial, hold, silence: longest, cap, early: asked }) {
    if (asked) globalThis.slipstreamEarly.ask();
    if (hold.length === 0) {
      decide();
      return;
    }
    for (const { url, open } of hold) {
      if (!coming.has(url)) coming.set(url, { open, images: new Set(), body: null, missed: false });
    }
    silence = longest;
    holdCap = cap;
    observe();
    onMutations(observer.takeRecords());
    // What a script has taken out again may still be shown somewhere else.
    for (const image of new Set([...early, ...document.images])) consider(image);
    decide();
    heard();
    // Only now may requests be ended: whatever fails from here on is known.
    tell({ type: 'planned', serial });
  }

  function observe() {
    if (observer) return;
    observer = new MutationObserver(onMutations);
    observer.observe(document, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ['src', 'srcset'],
    });
  }

  /** Images that failed too early are taken up by the plan, or get the error that was kept back. */
  function decide() {
    if (decided) return;
    decided = true;
    if (coming.size === 0) {
      observer.disconnect();
      observer = null;
    }
    early = new Set();
    const failed = undecided;
    undecided = new Set();
    for (const image of failed) {
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
    if (!decided && coming.size === 0) {
      early.add(image);
      return;
    }
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
    // Nobody but itself hears of an image that is in no document.
    if (!image.isConnected) image.addEventListener('error', onError, true);
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
    image.addEventListener('load', () => shown(state.choice.url), { once: true });
  }

  /** Until the document is parsed there may be more images of the same address: its rule has to stand for them, too. */
  function shown(url) {
    const told = () => tell({ type: 'shown', url });
    if (document.readyState !== 'loading') told();
    else addEventListener('DOMContentLoaded', told, { once: true });
  }

  function toOrigin(image) {
    const state = states.get(image);
    writeBack(image, state, state.choice.url + TO_ORIGIN);
    state.tries = (state.tries ?? 0) + 1;
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
    } else if (state?.phase === 'left' || (state?.phase === 'origin' && state.tries < TRIES)) {
      // Most likely the failure of the request that a rule ended.
      event.stopImmediatePropagation();
      toOrigin(image);
    } else if (state?.phase === 'swapped' && image.currentSrc.startsWith('blob:')) {
      // Right bytes that do not decode would not have decoded from the origin either: let it say so itself.
      event.stopImmediatePropagation();
      tell({ type: 'fellBack', url: state.choice.url });
      toOrigin(image);
    } else if (!state && !decided) {
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
})();
