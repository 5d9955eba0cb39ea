// Remembers the images of the parsed document: what stands there later was put there by scripts, which may have loaded
// it before, out of anybody's sight.
addEventListener(
  'DOMContentLoaded',
  () => {
    globalThis.slipstreamParsed = [...document.images];
  },
  { once: true },
);
