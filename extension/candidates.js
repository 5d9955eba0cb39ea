// Which candidate of an image the browser would load, told from the attributes alone. It must be told before the request,
// because an image whose request was ended is not to be asked; where that cannot be done, there is no answer.

globalThis.slipstreamCandidates ??= (() => {
  'use strict';

  // Image types that every Chromium this extension runs on can show.
  const TYPES = /^image\/(?:apng|avif|bmp|gif|jpe?g|png|svg\+xml|webp|x-icon|vnd\.microsoft\.icon)$/;

  function sources(image) {
    const before = [];
    for (const element of image.parentElement.children) {
      if (element === image) break;
      if (element.localName === 'source' && element.hasAttribute('srcset')) before.push(element);
    }
    return before;
  }

  /** Every candidate of an image, wherever it stands; `at` is -1 for `src`. */
  function candidates(image) {
    const src = image.getAttribute('src');
    const all = [];
    const elements = image.parentElement?.localName === 'picture' ? [...sources(image), image] : [image];
    for (const element of elements) {
      parseSrcset(element.getAttribute('srcset') ?? '').forEach(({ url, descriptor }, at) => {
        all.push({ element, at, descriptor, url: absolute(url), src });
      });
    }
    if (src) all.push({ element: image, at: -1, descriptor: '1x', url: absolute(src), src });
    return all;
  }

  /** The candidate that the browser chooses; nothing where that cannot be told from the attributes. */
  function choose(image) {
    const all = candidates(image);
    if (image.parentElement?.localName === 'picture') {
      for (const source of sources(image)) {
        const type = source.getAttribute('type');
        const media = source.getAttribute('media');
        if (media && !matchMedia(media).matches) continue;
        if (type && !TYPES.test(type)) return null;
        return pick(all.filter((candidate) => candidate.element === source), source);
      }
    }
    return pick(all.filter((candidate) => candidate.element === image), image);
  }

  /** As Blink selects: by density, between two by their geometric mean. */
  function pick(list, element) {
    const byWidth = list.some(({ descriptor }) => descriptor.endsWith('w'));
    const size = byWidth ? slotSize(element.getAttribute('sizes')) : null;
    if (byWidth && size === null) return null;
    const dense = [];
    for (const candidate of list) {
      const density = densityOf(candidate.descriptor, size);
      if (density === null) return null;
      if (byWidth && candidate.at === -1) continue;
      if (!dense.some((other) => other.density === density)) dense.push({ candidate, density });
    }
    dense.sort((a, b) => a.density - b.density);
    const wanted = devicePixelRatio;
    for (let at = 0; at + 1 < dense.length; at += 1) {
      const [here, next] = [dense[at].density, dense[at + 1].density];
      if (next < wanted) continue;
      const up = (wanted <= 1 && wanted > here) || wanted >= Math.sqrt(here * next);
      return dense[up ? at + 1 : at].candidate;
    }
    return dense.at(-1)?.candidate ?? null;
  }

  function densityOf(descriptor, size) {
    const number = Number.parseFloat(descriptor);
    if (descriptor === '') return 1;
    if (/^[\d.]+x$/.test(descriptor)) return number;
    return /^\d+w$/.test(descriptor) && size !== null ? number / size : null;
  }

  /** The width in CSS pixels that `sizes` gives; nothing for forms that only a layout could tell. */
  function slotSize(sizes) {
    for (const part of (sizes ?? '100vw').split(',')) {
      const [, condition, number, unit] = /^\s*(\(.*\))?\s*([\d.]+)(px|vw|rem|em)\s*$/.exec(part) ?? [];
      if (unit === undefined) return null;
      if (condition && !matchMedia(condition).matches) continue;
      if (unit === 'px') return Number(number);
      if (unit === 'vw') return (Number(number) * innerWidth) / 100;
      return Number(number) * 16;
    }
    return innerWidth;
  }

  function parseSrcset(srcset) {
    const list = [];
    const pattern = /[\s,]*(\S*[^\s,])(?:\s+([^,]*[^\s,]))?\s*(?:,|$)/gy;
    for (let match = pattern.exec(srcset); match; match = pattern.exec(srcset)) {
      list.push({ url: match[1], descriptor: match[2] ?? '' });
    }
    return list;
  }

  function absolute(url) {
    try {
      const parsed = new URL(url, document.baseURI);
      parsed.hash = '';
      return parsed.href;
    } catch {
      return '';
    }
  }

  /** Whether every descriptor is one that the browser takes: others it complains of each time they are written. */
  function wellFormed(image) {
    const own = image.parentElement?.localName === 'picture' ? [...sources(image), image] : [image];
    return own.every((element) => {
      const kinds = parseSrcset(element.getAttribute('srcset') ?? '').map(({ descriptor }) => {
        if (descriptor === '' || /^\d*\.?\d+(?:e\d+)?x$/i.test(descriptor)) return 'x';
        return /^\d+w$/.test(descriptor) ? 'w' : '';
      });
      return kinds.every((kind) => kind !== '' && kind === kinds[0]);
    });
  }

  return { absolute, candidates, choose, parseSrcset, sources, wellFormed };
})();
