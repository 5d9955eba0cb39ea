// Whether anybody looks: windows and idle state, which only the service worker can see. Register it synchronously.

/** Without a touch for so long nobody is at the machine, in seconds. */
const IDLE_S = 300;

/** Calls back with the fact whenever it may have changed. */
export function watchPresence(tell) {
  chrome.idle.setDetectionInterval(IDLE_S);
  const look = () => void presence().then(tell);
  chrome.idle.onStateChanged.addListener(look);
  for (const event of ['onFocusChanged', 'onCreated', 'onRemoved', 'onBoundsChanged']) {
    chrome.windows[event].addListener(look);
  }
}

/** The fact as it is now. */
export async function presence() {
  const [windows, state] = await Promise.all([
    chrome.windows.getAll(),
    chrome.idle.queryState(IDLE_S),
  ]);
  // Without any window there is nobody to hide from: the browser is starting, or ends.
  const hidden = windows.length > 0 && windows.every((window) => window.state === 'minimized');
  return { type: 'presence', hidden, idle: state !== 'active' };
}
