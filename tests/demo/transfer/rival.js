globalThis.startRival = async (tracker) => {
  // WebTorrent leaves plain sockets of secure pages alone, though browsers allow them to this machine: it is given a name
  // that looks secure, and the socket that it opens goes to the tracker.
  globalThis.WebSocket = class extends WebSocket {
    constructor() {
      super(tracker);
    }
  };
  const { default: WebTorrent } = await import('/webtorrent.js');
  // No relays and no address servers: both browsers are on this machine.
  const client = new WebTorrent({ dht: false, lsd: false, utPex: false, tracker: { rtcConfig: { iceServers: [] } } });
  const announce = ['wss://tracker.transfer-demo.com'];
  const files = new Map();
  globalThis.rival = {
    /** Seeds noise of this size; gives its torrent file. */
    seed(size) {
      const noise = new Uint8Array(size);
      for (let at = 0; at < size; at += 65_536) {
        crypto.getRandomValues(noise.subarray(at, Math.min(at + 65_536, size)));
      }
      return new Promise((resolve, reject) => {
        client.once('error', reject);
        client.seed(new File([noise], `${size}.bin`), { announce }, (torrent) => resolve([...torrent.torrentFile]));
      });
    },
    know(size, file) {
      files.set(size, new Uint8Array(file));
      return true;
    },
    /** From the handshake to the last verified piece, in ms. */
    async take(size) {
      const torrent = client.add(files.get(size), { announce });
      let began = null;
      torrent.on('wire', () => (began ??= performance.now()));
      const time = await new Promise((resolve, reject) => {
        client.once('error', reject);
        torrent.once('done', () => resolve(performance.now() - began));
      });
      await new Promise((resolve) => torrent.destroy({ destroyStore: true }, resolve));
      return time;
    },
  };
  return true;
};
