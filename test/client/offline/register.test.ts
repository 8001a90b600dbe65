import { expect, test } from 'vitest';
import { registerServiceWorker } from '../../../client/offline/register.ts';
import { createManualTimers } from '../../support/manual-timers.ts';

const registration = {} as ServiceWorkerRegistration;
const container = (register: () => Promise<ServiceWorkerRegistration>, ready = Promise.resolve(registration)) => ({
  register: (url: string | URL) => {
    expect(url).toBe('/sw.js');
    return register();
  },
  ready,
});
const failing = (name: string) => container(() => Promise.reject(new DOMException('', name)));

test('each outcome of the registration has its state', async () => {
  const timers = createManualTimers();
  const register = (of: ReturnType<typeof container> | undefined) => registerServiceWorker({ container: of, timers });
  expect(await register(undefined)).toBe('unsupported');
  expect(await register(container(async () => registration))).toBe('ready');
  expect(await register(failing('SecurityError')), 'an untrusted certificate').toBe('refused');
  expect(await register(failing('NotSupportedError'))).toBe('refused');
  expect(await register(failing('TypeError')), 'the script could not be fetched').toBe('later');
  expect(timers.pending()).toBe(0);
});

test('a browser that names no reason, though the script can be fetched, does not allow service workers', async () => {
  const timers = createManualTimers();
  const register = (name: string, reachable: boolean) =>
    registerServiceWorker({ container: failing(name), timers, reachable: async () => reachable });
  expect(await register('TypeError', true)).toBe('refused');
  expect(await register('TypeError', false), 'no network').toBe('later');
  expect(await register('SecurityError', false)).toBe('refused');
});

test('an install that takes too long is not waited for', async () => {
  const timers = createManualTimers();
  const state = registerServiceWorker({
    container: container(async () => registration, new Promise(() => {})),
    timers,
  });
  await timers.advance(20_000);
  expect(await state).toBe('later');
});
