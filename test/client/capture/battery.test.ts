import { expect, test } from 'vitest';
import { type Battery, watchBattery } from '../../../client/capture/battery.ts';
import { settle } from '../../support/manual-timers.ts';

class FakeBattery extends EventTarget implements Battery {
  level = 0.5;
  charging = false;
  change(type: string, change: Partial<Pick<FakeBattery, 'level' | 'charging'>>): void {
    Object.assign(this, change);
    this.dispatchEvent(new Event(type));
  }
}

test('a battery below 20 % is low, unless it is charged', async () => {
  const battery = new FakeBattery();
  const said: boolean[] = [];
  const stop = watchBattery({ getBattery: async () => battery, onChange: (low) => said.push(low) });
  await settle();
  battery.change('levelchange', { level: 0.2 });
  battery.change('levelchange', { level: 0.19 });
  battery.change('chargingchange', { charging: true });
  expect(said).toEqual([false, false, true, false]);
  stop();
  battery.change('chargingchange', { charging: false });
  expect(said).toHaveLength(4);
});

test('a browser that has no battery, or does not tell of it, changes nothing', async () => {
  const said: boolean[] = [];
  const onChange = (low: boolean) => void said.push(low);
  watchBattery({ getBattery: undefined, onChange })();
  watchBattery({ getBattery: () => Promise.reject(new DOMException('', 'NotAllowedError')), onChange });
  watchBattery({ getBattery: async () => new FakeBattery(), onChange })();
  await settle();
  expect(said).toEqual([]);
});
