// Requests of pages: what was seen of them is kept until it is asked for, because each message costs the page that is
// loading. Requests that a rule answers never send headers; they are told at once, and only where there are such rules
// are they watched for.

import { serves } from './rules.js';

const HTTPS = ['https://*/*'];
const TYPES = ['image', 'font', 'script'];
/** Requests that are followed at once; more than a browser has open. */
const MOST_REQUESTS = 2000;
/** Responses of one tab that wait to be told. */
const MOST_RESPONSES = 512;
/** Response fields that the engine reads; the rest stays here. */
const FIELDS = new Set(
  `access-control-allow-origin age cache-control clear-site-data content-disposition content-encoding content-length
  content-range content-security-policy content-security-policy-report-only content-type
  cross-origin-embedder-policy cross-origin-resource-policy date etag expires last-modified pragma referrer-policy
  refresh service-worker-allowed set-cookie slipstream vary www-authenticate`.split(/\s+/),
);
/** Responses that come after the load are told so much later, in ms. */
const LATER = 200;

/** Requests under way, by their number. */
const requests = new Map();
/** By tab: responses that are still to be told. */
const tabs = new Map();
/** By tab: the listener for requests that rules answer. */
const watched = new Map();

/**
 * A document's first requests may come before the browser has put it in its tab: until then its frame has a number like
 * any other and no stage of life, and only that it has no parent shows what it is.
 */
const ofTopFrame = ({ tabId, parentFrameId, documentLifecycle }) =>
  tabId >= 0 && parentFrameId === -1 && documentLifecycle !== 'prerender';

/** The response fields that the engine reads. */
export const fields = (headers = []) =>
  headers
    .map(({ name, value }) => [name.toLowerCase(), value ?? ''])
    // A cookie's value is nobody's business: that there was one is all that counts.
    .map(([name, value]) => [name, name === 'set-cookie' ? '1' : value])
    .filter(([name]) => FIELDS.has(name));

/** Registers the listeners. Call it at start. `say` is told what comes after a load. */
export function follow(say) {
  const filter = { urls: HTTPS, types: TYPES };
  chrome.webRequest.onSendHeaders.addListener(sent, filter, ['requestHeaders', 'extraHeaders']);
  chrome.webRequest.onCompleted.addListener(completed, filter, ['responseHeaders', 'extraHeaders']);
  chrome.webRequest.onErrorOccurred.addListener(({ requestId }) => requests.delete(requestId), filter);

  function sent(details) {
    if (!ofTopFrame(details)) return;
    // A request that was redirected on its way sends its headers twice.
    const redirected = requests.has(details.requestId);
    if (requests.size >= MOST_REQUESTS) requests.delete(requests.keys().next().value);
    const field = (name) => details.requestHeaders?.find((sent) => sent.name.toLowerCase() === name)?.value;
    requests.set(details.requestId, { redirected, cookie: field('cookie') !== undefined, accept: field('accept') });
  }

  function completed(details) {
    const request = requests.get(details.requestId);
    requests.delete(details.requestId);
    if (!ofTopFrame(details)) return;
    const tab = ofTab(details.tabId);
    if (tab.responses.length >= MOST_RESPONSES) return;
    tab.responses.push(response(details, request));
    // Nothing is told while the page loads; later there is nobody who would ask.
    if (tab.reported && tab.timer === 0) tab.timer = setTimeout(() => report(details.tabId, say), LATER);
  }
}

const ofTab = (tab) => {
  if (!tabs.has(tab)) tabs.set(tab, { responses: [], reported: false, timer: 0 });
  return tabs.get(tab);
};

/** Tells what was seen of this tab by now. */
export function report(tab, say) {
  const seen = ofTab(tab);
  clearTimeout(seen.timer);
  seen.timer = 0;
  seen.reported = true;
  const responses = seen.responses.splice(0);
  if (responses.length > 0) say({ type: 'responses', responses });
}

const response = (details, request) => ({
  tab: details.tabId,
  url: details.url,
  requestType: details.type,
  method: details.method,
  status: details.statusCode,
  fromCache: details.fromCache,
  redirected: request?.redirected ?? false,
  headers: fields(details.responseHeaders),
  cookie: request?.cookie,
  accept: request?.accept,
  ip: details.ip,
  topFrame: true,
});

/** A new document is on its way: what is still to be told belongs to the one before. */
export function turnOver(tab) {
  clearTimeout(tabs.get(tab)?.timer);
  tabs.delete(tab);
}

/** Tells of requests in this tab that a rule answers. */
export function watch(tab, say) {
  if (watched.has(tab)) return;
  const asked = (details) => {
    if (ofTopFrame(details) && serves(tab, details.url)) say({ type: 'substituted', tab, url: details.url });
  };
  watched.set(tab, asked);
  chrome.webRequest.onBeforeRequest.addListener(asked, { urls: HTTPS, types: TYPES, tabId: tab });
}

/** No rule answers in this tab any more. */
export function unwatch(tab) {
  if (watched.has(tab)) chrome.webRequest.onBeforeRequest.removeListener(watched.get(tab));
  watched.delete(tab);
}

/** The tab is closed. */
export function forgetTab(tab) {
  turnOver(tab);
  unwatch(tab);
}
