// The way from the service worker to the engine in the offscreen document.

const PAGE = 'offscreen.html';

/** @type {chrome.runtime.Port | null} */
let port = null;
/** @type {Promise<chrome.runtime.Port | null> | null} */
let opening = null;
let greeting = async () => [];
let receive = (_message) => {};

/** Sets what the engine is told first on each connection, and who gets what it says. Call it at start. */
export function link(first, received) {
  greeting = first;
  receive = received;
}

/** Whether the offscreen document is there. */
export async function engineLives() {
  const contexts = await chrome.runtime.getContexts({ contextTypes: ['OFFSCREEN_DOCUMENT'] });
  return contexts.length > 0;
}

/** Tells the engine a fact; starts the engine where it is not running. Facts arrive in their order. */
export function tell(fact) {
  if (port) {
    port.postMessage(fact);
  } else {
    void open().then((opened) => opened?.postMessage(fact));
  }
}

/** Makes sure that the engine runs. */
export function open() {
  opening ??= connect().finally(() => (opening = null));
  return opening;
}

async function connect() {
  if (port) return port;
  try {
    if (!(await engineLives())) {
      const justification = 'Exchanges verified images, fonts and scripts with other browsers over WebRTC.';
      await chrome.offscreen.createDocument({ url: PAGE, reasons: ['WEB_RTC'], justification });
    }
    const facts = await greeting();
    const made = chrome.runtime.connect({ name: 'worker' });
    made.onMessage.addListener(receive);
    made.onDisconnect.addListener(() => {
      void chrome.runtime.lastError;
      if (port === made) port = null;
    });
    for (const fact of facts) made.postMessage(fact);
    port = made;
    return made;
  } catch (fault) {
    console.warn('the engine could not be started:', fault.name);
    return null;
  }
}

/** Ends the engine and everything it has open. */
export async function close() {
  port?.disconnect();
  port = null;
  if (await engineLives()) await chrome.offscreen.closeDocument();
}
