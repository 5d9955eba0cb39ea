// A data channel as any page could make it, with the queue that the engine allows itself, and nothing on top.
globalThis.bareChannel = (() => {
  const CHUNK = 65_520;
  const HIGH = 1024 * 1024;
  const connection = new RTCPeerConnection();
  const channel = connection.createDataChannel('bare', { negotiated: true, id: 1 });
  channel.binaryType = 'arraybuffer';
  channel.bufferedAmountLowThreshold = HIGH / 4;

  const complete = () =>
    new Promise((resolve) => {
      const look = () => connection.iceGatheringState === 'complete' && resolve(connection.localDescription.toJSON());
      connection.addEventListener('icegatheringstatechange', look);
      look();
    });
  const opened = new Promise((resolve) => channel.addEventListener('open', resolve));
  const lowered = () =>
    new Promise((resolve) => channel.addEventListener('bufferedamountlow', resolve, { once: true }));

  let heard = null;
  const give = async (size) => {
    const body = new Uint8Array(size);
    for (let at = 0; at < size; at += CHUNK) {
      if (channel.bufferedAmount >= HIGH) await lowered();
      channel.send(body.subarray(at, Math.min(at + CHUNK, size)));
    }
  };
  channel.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string') heard?.(data.byteLength);
    else if (data === 'back') heard?.(0);
    else if (data === 'there') channel.send('back');
    else void give(Number(data));
  });

  return {
    async offer() {
      await connection.setLocalDescription(await connection.createOffer());
      return complete();
    },
    async answer(offer) {
      await connection.setRemoteDescription(offer);
      await connection.setLocalDescription(await connection.createAnswer());
      return complete();
    },
    async accept(answer) {
      await connection.setRemoteDescription(answer);
      await opened;
      return true;
    },
    async roundTrips(count) {
      const times = [];
      for (let number = 0; number < count; number += 1) {
        const began = performance.now();
        const back = new Promise((resolve) => (heard = resolve));
        channel.send('there');
        await back;
        times.push(performance.now() - began);
      }
      return times;
    },
    take(size) {
      return new Promise((resolve) => {
        const began = performance.now();
        let length = 0;
        heard = (bytes) => {
          length += bytes;
          if (length === size) resolve(performance.now() - began);
        };
        channel.send(String(size));
      });
    },
  };
})();
true;
