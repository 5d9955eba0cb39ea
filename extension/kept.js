// What the engine wants kept for the one after it, and the sites whose next load is left to the network.

/** @type {Promise<{ledger?: object, resting?: string[]}> | null} */
let loaded = null;

function kept() {
  loaded ??= chrome.storage.local.get(['ledger', 'resting']);
  return loaded;
}

/** The fact that a new engine is told first. */
export async function ledgerFact() {
  return { type: 'ledger', ledger: (await kept()).ledger ?? {} };
}

/** @param {object} ledger */
export async function keep(ledger) {
  loaded = kept().then((before) => ({ ...before, ledger }));
  await chrome.storage.local.set({ ledger });
}

/** @param {string[]} resting  origins */
export async function rest(resting) {
  loaded = kept().then((before) => ({ ...before, resting }));
  await chrome.storage.local.set({ resting });
}

/** Whether no plan is to be used for this site now. @param {string} origin */
export async function rests(origin) {
  return (await kept()).resting?.includes(origin) ?? false;
}
