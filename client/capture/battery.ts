/** Whether the battery may be empty before the interview ends. Battery Status API, which Chromium alone has. */

/** Below this share a battery without a charger is low. */
const LOW = 0.2;

/** The parts of BatteryManager that are used. `level`: 0 to 1. */
export type Battery = EventTarget & { readonly level: number; readonly charging: boolean };

declare global {
  interface Navigator {
    /** Chromium, in secure contexts. */
    getBattery?: () => Promise<Battery>;
  }
}

/** What the watch needs. */
export interface BatteryOptions {
  /** The browser's call, where it has one. */
  getBattery: (() => Promise<Battery>) | undefined;
  /** Called at first, and when the battery has become low (true) or is so no more. */
  onChange: (low: boolean) => void;
}

/** Watches the battery until the returned function is called. Never throws; a browser that says nothing changes nothing. */
export function watchBattery({ getBattery, onChange }: BatteryOptions): () => void {
  let battery: Battery | null = null;
  let over = false;
  const say = () => battery !== null && onChange(battery.level < LOW && !battery.charging);
  const begin = async () => {
    const found = await getBattery?.();
    if (!found || over) return;
    battery = found;
    for (const type of ['levelchange', 'chargingchange']) battery.addEventListener(type, say);
    say();
  };
  begin().catch(() => {});
  return () => {
    over = true;
    for (const type of ['levelchange', 'chargingchange']) battery?.removeEventListener(type, say);
  };
}
