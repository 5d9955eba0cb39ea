// Reads ready plans and bodies for the service worker, so that a plan needs no engine. Only the engine writes.

// The same names as in src/engine/database.rs.
const NAME = 'slipstream';

/** @type {Promise<IDBDatabase | null> | null} */
let opened = null;

function database() {
  opened ??= new Promise((resolve) => {
    const request = indexedDB.open(NAME);
    // No database yet: the engine makes it. An empty one of ours would keep it from doing so.
    request.onupgradeneeded = () => request.transaction.abort();
    request.onerror = () => {
      opened = null;
      resolve(null);
    };
    request.onsuccess = () => {
      const db = request.result;
      db.onversionchange = db.onclose = () => {
        db.close();
        opened = null;
      };
      resolve(db);
    };
  });
  return opened;
}

/** Opens the database ahead of need. */
export function warm() {
  void database();
}

const settled = (request) =>
  new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(undefined);
  });

/**
 * The bodies that are ready for a page, each compared with its hash just now.
 * @param {string} page the document's URL without fragment
 * @returns {Promise<{url: string, kind: string, contentType: string, bytes: Uint8Array}[]>}
 */
export async function readyPlan(page) {
  const db = await database();
  if (!db) return [];
  let blobs;
  let serve;
  try {
    const transaction = db.transaction(['ready', 'bodies']);
    const plan = await settled(transaction.objectStore('ready').get(page));
    const now = Date.now() / 1000;
    serve = (plan?.serve ?? []).filter((item) => item.until > now);
    const bodies = transaction.objectStore('bodies');
    blobs = await Promise.all(serve.map((item) => settled(bodies.get(item.id))));
  } catch {
    return [];
  }
  const found = await Promise.all(serve.map((item, at) => verified(item, blobs[at])));
  return found.filter((item) => item !== null);
}

async function verified(item, blob) {
  if (!(blob instanceof Blob)) return null;
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return digest.toHex() === item.id ? { ...item, bytes } : null;
}
