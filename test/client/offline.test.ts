import { expect, test } from 'vitest';
import { keepOffline } from '../../client/offline.ts';
import { createManualTimers } from '../support/manual-timers.ts';

const registration = {} as ServiceWorkerRegistration;
const container = (register: () => Promise<ServiceWorkerRegistration>, ready = Promise.resolve(registration)) => ({
  register: (url: string | URL) => {
    expect(url).toBe('/sw.js');
    return register();
  },
  ready,
});
const failing = (name: string) => container(() => Promise.reject(new DOMException('', name)));

test('what becomes of the service worker is told', async () => {
  const timers = createManualTimers();
  const tell = (of: ReturnType<typeof container> | undefined) => keepOffline({ container: of, timers });
  expect(await tell(undefined)).toBe('unsupported');
  expect(await tell(container(async () => registration))).toBe('ready');
  expect(await tell(failing('SecurityError')), 'an untrusted certificate').toBe('refused');
  expect(await tell(failing('NotSupportedError'))).toBe('refused');
  expect(await tell(failing('TypeError')), 'the script could not be fetched').toBe('later');
  expect(timers.pending()).toBe(0);
});

test('a browser that names no reason, where the script itself can be had, lets none in', async () => {
  const timers = createManualTimers();
  const tell = (name: string, reachable: boolean) =>
    keepOffline({ container: failing(name), timers, reachable: async () => reachable });
  expect(await tell('TypeError', true)).toBe('refused');
  expect(await tell('TypeError', false), 'no network').toBe('later');
  expect(await tell('SecurityError', false)).toBe('refused');
});

test('an install that takes too long is left to itself', async () => {
  const timers = createManualTimers();
  const state = keepOffline({ container: container(async () => registration, new Promise(() => {})), timers });
  await timers.advance(20_000);
  expect(await state).toBe('later');
});
