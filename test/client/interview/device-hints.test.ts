import { expect, test } from 'vitest';
import { createDeviceHints, type Watch } from '../../../client/interview/device-hints.ts';
import { createStore } from '../../../client/interview/store.ts';

const devices = { cameras: [], microphones: [], cameraId: '', microphoneId: '' };

/** A watch that a test drives; `now` is null while nobody watches. */
function fakeWatch() {
  const fake = { now: null as ((on: boolean) => void) | null };
  const watch: Watch = (onChange) => {
    fake.now = onChange;
    return () => {
      fake.now = null;
    };
  };
  return { fake, watch };
}

test('picture and battery are watched while the device check is shown, and forgotten after it', () => {
  const store = createStore();
  const [darkness, battery] = [fakeWatch(), fakeWatch()];
  createDeviceHints({ store, watchDarkness: darkness.watch, watchBattery: battery.watch });
  const watched = () => [darkness.fake.now !== null, battery.fake.now !== null];
  expect(watched()).toEqual([false, false]);
  store.dispatch({ type: 'check' });
  expect(watched(), 'there is no picture yet').toEqual([false, true]);
  store.dispatch({ type: 'devices', ...devices });
  expect(watched()).toEqual([true, true]);
  battery.fake.now?.(true);
  darkness.fake.now?.(true);
  expect(store.get().hints).toEqual(['battery', 'dark']);
  darkness.fake.now?.(false);
  expect(store.get().hints).toEqual(['battery']);
  darkness.fake.now?.(true);
  store.dispatch({ type: 'practice', stage: 'recording' });
  expect(watched()).toEqual([false, false]);
  expect(store.get().hints).toEqual([]);
});

test('without a picture, by voice alone, nothing is dark', () => {
  const store = createStore();
  const darkness = fakeWatch();
  createDeviceHints({ store, watchDarkness: darkness.watch, watchBattery: () => () => {} });
  store.dispatch({ type: 'loaded', title: '', gate: 'each', questions: [], answered: [], allowAudioOnly: true });
  store.dispatch({ type: 'check' });
  store.dispatch({ type: 'devices', ...devices });
  store.dispatch({ type: 'voice-alone', on: true });
  expect(darkness.fake.now).toBeNull();
});
