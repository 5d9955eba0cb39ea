// Follows requests of single tabs, because each event costs the page that asks: those of tabs from which there is
// something to learn, and those of tabs whose requests rules may answer. What was seen is kept until it is asked for.

import { serves } from './rules.js';

const HTTPS = ['https://*/*'];
const TYPES = ['image', 'font', 'script'];
/** Requests of one tab that are under way, and responses that wait to be told. */
const MOST = 1000;
/** Response fields that the engine reads; the rest stays here. */
const FIELDS = new Set(
  `access-control-allow-origin age cache-control clear-site-data content-disposition content-encoding content-length
  content-range content-security-policy content-security-policy-report-only content-type
  cross-origin-embedder-policy cross-origin-resource-policy date etag expires last-modified pragma referrer-policy
  refresh service-worker-allowed set-cookie slipstream vary www-authenticate`.split(/\s+/),
);
/** Responses that come after the load are told so much later, in ms. */
const LATER = 200;

/** By tab: its listeners, requests under way, responses that are still to be told. */
const followed = new Map();
/** By tab: the listener for requests that rules answer. */
const watched = new Map();

const ofTopFrame = ({ frameId, documentLifecycle }) => frameId === 0 && documentLifecycle !== 'prerender';

/** The response fields that the engine reads. */
export const fields = (headers = []) =>
  headers
    .map(({ name, value }) => [name.toLowerCase(), value ?? ''])
    // A cookie's value is nobody's business: that there was one is all that counts.
    .map(([name, value]) => [name, name === 'set-cookie' ? '1' : value])
    .filter(([name]) => FIELDS.has(name));

/** Follows this tab's requests from now on, or not any more. */
export function follow(tab, on, say) {
  if (on && !followed.has(tab)) {
    const follower = newFollower(tab, say);
    const filter = { urls: HTTPS, types: TYPES, tabId: tab };
    chrome.webRequest.onSendHeaders.addListener(follower.sent, filter, ['requestHeaders', 'extraHeaders']);
    chrome.webRequest.onCompleted.addListener(follower.completed, filter, ['responseHeaders', 'extraHeaders']);
    chrome.webRequest.onErrorOccurred.addListener(follower.failed, filter);
    followed.set(tab, follower);
  } else if (!on && followed.has(tab)) {
    const follower = followed.get(tab);
    chrome.webRequest.onSendHeaders.removeListener(follower.sent);
    chrome.webRequest.onCompleted.removeListener(follower.completed);
    chrome.webRequest.onErrorOccurred.removeListener(follower.failed);
    followed.delete(tab);
  }
}

function newFollower(tab, say) {
  const requests = new Map();
  const follower = { responses: [], reported: false, timer: 0, sent, completed, failed };
  return follower;

  function sent(details) {
    if (!ofTopFrame(details)) return;
    // A request that was redirected on its way sends its headers twice.
    const redirected = requests.has(details.requestId);
    if (requests.size >= MOST) requests.delete(requests.keys().next().value);
    const field = (name) => details.requestHeaders?.find((sent) => sent.name.toLowerCase() === name)?.value;
    requests.set(details.requestId, { redirected, cookie: field('cookie') !== undefined, accept: field('accept') });
  }

  function completed(details) {
    const request = requests.get(details.requestId);
    requests.delete(details.requestId);
    if (!ofTopFrame(details) || follower.responses.length >= MOST) return;
    follower.responses.push([details, request]);
    // Nothing is told while the page loads; later there is nobody who would ask.
    if (follower.reported && follower.timer === 0) {
      follower.timer = setTimeout(() => report(tab, say), LATER);
    }
  }

  function failed(details) {
    requests.delete(details.requestId);
  }
}

/** Tells what was seen of this tab by now. */
export function report(tab, say) {
  const follower = followed.get(tab);
  if (!follower) return;
  clearTimeout(follower.timer);
  follower.timer = 0;
  follower.reported = true;
  const responses = follower.responses.splice(0).map(([details, request]) => response(details, request));
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
  const follower = followed.get(tab);
  if (!follower) return;
  clearTimeout(follower.timer);
  Object.assign(follower, { responses: [], reported: false, timer: 0 });
}

/** Requests that a rule answers never send headers; only where there are such rules are they watched for. */
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
  follow(tab, false);
  unwatch(tab);
}
