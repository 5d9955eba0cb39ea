// Runs on hosts whose pages may be held: it tells content.js, in the same isolated world, to expect a plan.
globalThis.slipstreamExpected = true;
