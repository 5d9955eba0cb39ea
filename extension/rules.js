// The rules of tabs: which are in force is remembered beside them, because the service worker may be stopped between
// any two events. All updates go through one chain, so that two never interleave.

// One order for all rules (facts, serving layers §12).
const SERVE = 1;
/** Where no policy is known: one that stands in the page's header after all closes the gate before any image is asked for. */
const HOLD_OPEN = 5;
const GATE = 10;
const HOLD = 20;
const ORIGIN = 21;
const NONCE = 30;

/** The fragment that takes an image past the rules to its origin. content.js has it, too. */
const TO_ORIGIN = '#slip-origin';
const TYPES = { i: ['image'], d: ['image'], f: ['font'], s: ['script'] };
/** Rules in all tabs together (SECURITY.md §3.3). */
const MOST = 4000;

/**
 * What is in force: per tab, per URL, the rules by their purpose.
 * @type {Promise<{next: number, tabs: Map<number, Map<string, {id: number, purpose: string}[]>>}>}
 */
const ledger = chrome.storage.session.get('rules').then(({ rules }) => {
  const tabs = new Map((rules?.tabs ?? []).map(([tab, urls]) => [tab, new Map(urls)]));
  return { next: rules?.next ?? 1, tabs };
});
let known = null;
void ledger.then((held) => (known = held));

let chain = Promise.resolve();

function update(change) {
  chain = chain.then(async () => {
    const book = await ledger;
    const removeRuleIds = [];
    const addRules = [];
    change({
      add: (tab, url, purpose, rule) => {
        const urls = book.tabs.get(tab) ?? book.tabs.set(tab, new Map()).get(tab);
        const held = urls.get(url) ?? urls.set(url, []).get(url);
        if (held.some((other) => other.purpose === purpose) || count(book) >= MOST) return;
        const id = book.next++;
        held.push({ id, purpose });
        addRules.push({ id, ...rule });
      },
      drop: (tab, url) => {
        for (const { id } of book.tabs.get(tab)?.get(url) ?? []) removeRuleIds.push(id);
        book.tabs.get(tab)?.delete(url);
      },
      dropTab: (tab) => {
        for (const held of book.tabs.get(tab)?.values() ?? []) removeRuleIds.push(...held.map(({ id }) => id));
        book.tabs.delete(tab);
      },
    });
    if (removeRuleIds.length === 0 && addRules.length === 0) return;
    await chrome.declarativeNetRequest.updateSessionRules({ removeRuleIds, addRules });
    const tabs = [...book.tabs].map(([tab, urls]) => [tab, [...urls]]);
    await chrome.storage.session.set({ rules: { next: book.next, tabs } });
  });
  // A refused update leaves the origin in charge; the chain must go on.
  chain = chain.catch((fault) => console.warn('rules were refused:', fault.name));
  return chain;
}

function count(book) {
  let sum = 0;
  for (const urls of book.tabs.values()) for (const held of urls.values()) sum += held.length;
  return sum;
}

const exactly = (tab, url, types) => ({
  urlFilter: `|${url}|`,
  isUrlFilterCaseSensitive: true,
  tabIds: [tab],
  requestMethods: ['get'],
  resourceTypes: types,
});

function serveRule(tab, host, item) {
  const type = item.contentType.replaceAll(/\s+/g, '');
  return {
    priority: SERVE,
    action: { type: 'redirect', redirect: { url: `data:${type};base64,${item.bytes.toBase64()}` } },
    condition: { ...exactly(tab, item.url, TYPES[item.kind]), initiatorDomains: [host] },
  };
}

/** Only for the page itself: a frame of another site has nobody who would bring it the bytes. */
function holdRule(tab, host, url, gated) {
  const redirect = gated ? { extensionPath: '/empty.bin' } : { url: 'data:,' };
  const condition = { ...exactly(tab, url, ['image']), initiatorDomains: [host] };
  return { priority: gated ? HOLD : HOLD_OPEN, action: { type: 'redirect', redirect }, condition };
}

const originRule = (tab) => ({
  priority: ORIGIN,
  action: { type: 'allow' },
  condition: { urlFilter: `${TO_ORIGIN}|`, tabIds: [tab], resourceTypes: ['image'] },
});

const nonceRule = (tab, nonce) => ({
  priority: NONCE,
  action: {
    type: 'modifyHeaders',
    responseHeaders: [{ header: 'access-control-allow-origin', operation: 'set', value: '*' }],
  },
  condition: { urlFilter: `#${nonce}|`, tabIds: [tab], resourceTypes: ['xmlhttprequest'] },
});

/** Bytes of the first batch of ready rules: so many are in force before a quick server has answered (facts B26). */
const FIRST_BATCH = 300_000;

/**
 * A new document is on its way in this tab: rules of the one before go at once; ready ones come when they have been
 * read. In between the engine's own rules may come, which carry no bytes and cost next to nothing.
 */
export async function renew(tab, host, ready) {
  const turn = Symbol(host);
  turns.set(tab, turn);
  void forget(tab);
  const serve = await ready;
  let bytes = 0;
  const late = serve.findIndex((item) => (bytes += item.bytes.length) > FIRST_BATCH);
  const batches = late > 0 ? [serve.slice(0, late), serve.slice(late)] : [serve];
  for (const batch of batches) {
    if (turns.get(tab) !== turn) return;
    await update(({ add }) => {
      for (const item of batch) add(tab, item.url, 'serve', serveRule(tab, host, item));
    });
  }
}

/** The navigation that each tab is at, so that what was read for an earlier one is not put into force. */
const turns = new Map();

/** Carries out what the engine decided for a tab. */
export function apply(message) {
  const { tab, page, serve, hold, gated, drop, nonces } = message;
  const host = new URL(page).host;
  return update(({ add, drop: remove }) => {
    for (const url of drop) remove(tab, url);
    if (hold.length > 0) add(tab, TO_ORIGIN, 'origin', originRule(tab));
    for (const url of hold) add(tab, url, 'hold', holdRule(tab, host, url, gated));
    for (const item of serve) {
      if (item.bytes) add(tab, item.url, 'serve', serveRule(tab, host, item));
    }
    for (const { url, nonce } of nonces) add(tab, url, 'nonce', nonceRule(tab, nonce));
  });
}

/** Nothing is in force in this tab any more. */
export function forget(tab) {
  return update(({ dropTab }) => dropTab(tab));
}

/** No rule of any tab stays. */
export async function forgetAll() {
  const book = await ledger;
  const tabs = [...book.tabs.keys()];
  return update(({ dropTab }) => tabs.forEach(dropTab));
}

/** Whether a rule answers this request. Known at once, but for the first moments of a service worker's life. */
export function serves(tab, url) {
  return known?.tabs.get(tab)?.get(url)?.some(({ purpose }) => purpose === 'serve') ?? false;
}

/** Gates that hold for every page: a policy in its header voids every rule that carries bytes (facts S59). */
const gates = ['content-security-policy', 'content-security-policy-report-only'].map((header, at) => ({
  id: at + 1,
  priority: GATE,
  action: { type: 'allowAllRequests' },
  condition: { resourceTypes: ['main_frame', 'sub_frame'], responseHeaders: [{ header }] },
}));

/** Gates for hosts where only the page shows it: a policy in `<meta>`, or a service worker (facts S66). */
const HOST_GATES = 3;

/** Puts the gates up; idempotent. */
export async function putGates(hosts) {
  const byHost = {
    id: HOST_GATES,
    priority: GATE,
    action: { type: 'allowAllRequests' },
    condition: { resourceTypes: ['main_frame', 'sub_frame'], requestDomains: hosts },
  };
  const addRules = hosts.length > 0 ? [...gates, byHost] : gates;
  const removeRuleIds = [...gates.map(({ id }) => id), HOST_GATES];
  await chrome.declarativeNetRequest.updateDynamicRules({ removeRuleIds, addRules });
}
