// Which images a document shows by other means than its `<img>` elements: backgrounds, posters, preloads, drawings,
// frames and shadow trees. Nobody can bring those their bytes later, so an address among them must never be held.

globalThis.slipstreamOtherUses ??= (() => {
  'use strict';

  /** Elements that are looked at; larger documents keep the rest to themselves. */
  const MOST = 5000;
  /** Elements that are looked at in one go: a few milliseconds. */
  const SLICE = 250;
  /** Frames within frames. */
  const DEPTH = 3;
  const ADDRESS = /url\("((?:[^"\\]|\\.)*)"\)/g;
  const STYLES = ['backgroundImage', 'borderImageSource', 'listStyleImage', 'maskImage', 'content'];
  /** Elements of HTML that may have a shadow tree, besides those with a hyphen. */
  const HOSTS = new Set(
    'article aside blockquote body div footer h1 h2 h3 h4 h5 h6 header main nav p section span'.split(' '),
  );

  /** @returns {Promise<Set<string>>} addresses without fragment */
  return async function otherUses() {
    const urls = new Set();
    let left = MOST;
    await look(document, false, 0);
    return urls;

    async function look(root, withImages, depth) {
      let slice = 0;
      for (const element of root.querySelectorAll('*')) {
        if (left-- <= 0) return;
        if (slice++ >= SLICE) {
          slice = 0;
          await new Promise((resolve) => requestIdleCallback(resolve, { timeout: 200 }));
        }
        addAttributes(element, withImages);
        addStyles(element);
        const inner = innerOf(element);
        if (inner && depth < DEPTH) await look(inner, true, depth + 1);
      }
    }

    function addAttributes(element, withImages) {
      switch (element.localName) {
        case 'img':
          if (withImages) add(element.currentSrc || element.src, element);
          break;
        case 'link':
          if (element.relList.contains('preload') || element.relList.contains('icon')) {
            add(element.href, element);
            const { parseSrcset } = globalThis.slipstreamCandidates;
            for (const { url } of parseSrcset(element.imageSrcset)) add(url, element);
          }
          break;
        case 'video':
          add(element.poster, element);
          break;
        case 'input':
          if (element.type === 'image') add(element.src, element);
          break;
        case 'image':
          add(element.getAttribute('href') ?? element.getAttribute('xlink:href'), element);
          break;
      }
    }

    function addStyles(element) {
      for (const pseudo of [null, '::before', '::after']) {
        const style = getComputedStyle(element, pseudo);
        if (pseudo && style.content === 'none') continue;
        for (const name of STYLES) {
          // Computed addresses are absolute.
          if (style[name].includes('url(')) {
            for (const [, url] of style[name].matchAll(ADDRESS)) add(url, element);
          }
        }
      }
    }

    function add(url, element) {
      if (!url) return;
      try {
        const parsed = new URL(url, element.baseURI);
        parsed.hash = '';
        urls.add(parsed.href);
      } catch {
        // No address: nothing is loaded from it.
      }
    }
  };

  /** A shadow tree, closed ones included, or the document of a frame of the same origin. */
  function innerOf(element) {
    if (element.localName === 'iframe' || element.localName === 'frame') return element.contentDocument;
    const mayHost = HOSTS.has(element.localName) || element.localName.includes('-');
    return mayHost ? chrome.dom.openOrClosedShadowRoot(element) : null;
  }
})();
