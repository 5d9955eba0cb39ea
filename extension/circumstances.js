// What the offscreen document can see of the machine: battery, network, memory and disk.

/** The disk is looked at so often without need, in ms. */
const DISK_MS = 300_000;
/** GiB of memory below which a machine counts as small. */
const SMALL_GIB = 2;
const SPEEDS = ['slow-2g', '2g', '3g', '4g'];

/** Calls back with a fact at once and whenever it changes. Gives what looks at the disk, which tells nobody of itself. */
export function watchCircumstances(tell) {
  void watchBattery(tell);
  watchNetwork(tell);
  const device = async () => tell({ type: 'device', small: isSmall(), free: await freeBytes() });
  void device();
  setInterval(device, DISK_MS);
  return device;
}

async function watchBattery(tell) {
  const battery = await navigator.getBattery?.();
  if (!battery) return;
  const report = () => tell({ type: 'battery', level: battery.level, charging: battery.charging });
  battery.addEventListener('levelchange', report);
  battery.addEventListener('chargingchange', report);
  report();
}

function watchNetwork(tell) {
  const { connection } = navigator;
  const report = () => {
    const { rtt, downlink, type, saveData, effectiveType } = connection;
    tell({ type: 'link', rtt, downlink });
    const speed = SPEEDS.includes(effectiveType) ? effectiveType : undefined;
    tell({ type: 'network', cellular: type === 'cellular', saveData: saveData === true, speed });
  };
  connection.addEventListener('change', report);
  report();
}

function isSmall() {
  return navigator.userAgentData?.mobile === true || navigator.deviceMemory < SMALL_GIB;
}

async function freeBytes() {
  const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
  return quota - usage;
}
