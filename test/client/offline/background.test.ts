/** Sending in the background: the locks that keep page and worker apart, and what the page leaves for the worker. */
import { expect, test } from 'vitest';
import { createBackground } from '../../../client/offline/background.ts';
import { aloneInBackground, keepBackgroundAway } from '../../../client/offline/background-lock.ts';
import type { SendingRecord, SendingRecords } from '../../../client/spool/sending-record.ts';
import { createLocks } from '../../support/browser/web-locks.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

const never = () => new Promise<never>(() => {});

test('the worker sends while no page of the session is open, and only then', async () => {
  const locks = createLocks();
  const options = { limitMs: 1000, locks, timers: createManualTimers() };
  expect(await aloneInBackground('a', async () => 'sent', options)).toBe('sent');
  await keepBackgroundAway('a', locks);
  await keepBackgroundAway('a', locks);
  expect(await aloneInBackground('a', async () => 'sent', options), 'two pages hold the session').toBe(null);
  expect(await aloneInBackground('b', async () => 'sent', options), 'another session').toBe('sent');
  void locks.request('tresgo b', never);
  expect(await aloneInBackground('b', async () => 'sent', options), 'a page of an earlier build').toBe(null);
});

test('a page that opens ends the worker’s sending, and goes on once it has ended', async () => {
  const locks = createLocks();
  const timers = createManualTimers();
  const did: string[] = [];
  const work = async (signal: AbortSignal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    did.push('worker');
  };
  const sending = aloneInBackground('a', work, { limitMs: 60_000, locks, timers });
  const page = keepBackgroundAway('a', locks).then(() => did.push('page'));
  await timers.advance(1000);
  await Promise.all([sending, page]);
  expect(did).toEqual(['worker', 'page']);
});

test('a page that is closed while the worker waits for it lets the worker send, within the limit of both', async () => {
  const locks = createLocks();
  const timers = createManualTimers();
  let close = () => {};
  void locks.request(
    'tresgo background a',
    { mode: 'shared' },
    () => new Promise<void>((resolve) => (close = resolve)),
  );
  const work = (signal: AbortSignal) =>
    new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve(`ended at ${timers.now()}`)));
  const options = { limitMs: 90_000, waitMs: 60_000, locks, timers };
  const sending = aloneInBackground('a', work, options);
  await timers.advance(30_500);
  close();
  await timers.advance(90_000);
  expect(await sending).toBe('ended at 90000');

  await keepBackgroundAway('b', locks);
  let result: string | null | undefined;
  void aloneInBackground('b', work, options).then((done) => (result = done));
  await timers.advance(59_000);
  expect(result, 'it waits').toBe(undefined);
  const opening = keepBackgroundAway('b', locks);
  await settle();
  await opening;
  await timers.advance(2000);
  expect(result, 'the page stays').toBe(null);
});

test('the worker ends by itself before the browser ends it', async () => {
  const timers = createManualTimers();
  let ended = false;
  const work = (signal: AbortSignal) =>
    new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('late')));
  const sending = aloneInBackground('a', work, { limitMs: 5000, locks: createLocks(), timers });
  void sending.then(() => (ended = true));
  await timers.advance(4900);
  expect(ended).toBe(false);
  await timers.advance(200);
  expect(await sending).toBe('late');
});

test('without locks, or where the browser refuses them, the page goes on', async () => {
  await keepBackgroundAway('a', undefined);
  const refused = { request: () => Promise.reject(new DOMException('blocked', 'SecurityError')) };
  await keepBackgroundAway('a', refused as unknown as LockManager);
});

function openBackground({ active = true, allowed = true } = {}) {
  const kept = new Map<string, SendingRecord>();
  const records: SendingRecords = {
    put: async (record) => void kept.set(record.folder, record),
    list: async () => [...kept.values()],
    delete: async (folder) => void kept.delete(folder),
  };
  const wishes: string[] = [];
  const worker = Object.assign(new EventTarget(), { state: 'installing' });
  /** What fails from now on. */
  const fails = { register: false, ask: false };
  const registration = {
    active: active ? worker : null,
    ...{ installing: active ? null : worker, waiting: null },
    sync: {
      async register(tag: string) {
        if (fails.ask) throw new DOMException('Permission denied', 'NotAllowedError');
        wishes.push(tag);
      },
    },
  };
  const registered: unknown[] = [];
  const container = {
    async register(...asked: unknown[]) {
      registered.push(asked);
      if (fails.register) throw new TypeError('The script could not be loaded');
      return registration as unknown as ServiceWorkerRegistration;
    },
  };
  const permission = { allowed };
  const isAllowed = async () => permission.allowed;
  const timers = createManualTimers();
  const background = createBackground({ records, container, isAllowed, timers });
  return { background, timers, records, kept, wishes, registered, worker, fails, permission };
}

const record = { folder: 'a', endpoint: 'https://x/files', token: 'secret', at: 0 };

test('nothing is left for a worker before a take is recorded; then the page may ask for it, until the session ends', async () => {
  const { background, kept, wishes, registered } = openBackground();
  background.ask();
  expect([wishes, kept.size, background.ready()]).toEqual([[], 0, false]);
  await background.prepare(record);
  await background.prepare(record);
  expect(registered).toEqual([['/sender.js', { scope: '/sender/' }]]);
  background.ask();
  expect([wishes, kept.get('a'), background.ready()]).toEqual([['tresgo-send'], record, true]);
  await background.forget('a');
  background.ask();
  expect([wishes.length, kept.size, background.ready()]).toEqual([1, 0, false]);
});

test('a worker that is being installed is asked once it is active', async () => {
  const { background, worker } = openBackground({ active: false });
  const prepared = background.prepare(record);
  await new Promise((resolve) => setImmediate(resolve));
  expect(background.ready()).toBe(false);
  worker.state = 'activated';
  worker.dispatchEvent(new Event('statechange'));
  await prepared;
  expect(background.ready()).toBe(true);
});

test('a token that is replaced while the worker is being installed is left at once', async () => {
  const { background, kept, registered } = openBackground({ active: false });
  void background.prepare(record);
  await settle();
  await background.prepare({ ...record, token: 'another' });
  expect([kept.get('a')?.token, registered.length]).toEqual(['another', 1]);
});

test('where the worker was not installed in time, the next take asks again', async () => {
  const { background, timers, registered, worker } = openBackground({ active: false });
  void background.prepare(record);
  await timers.advance(61_000);
  expect(background.ready()).toBe(false);
  void background.prepare(record);
  await settle();
  expect(registered.length).toBe(2);
  worker.state = 'activated';
  worker.dispatchEvent(new Event('statechange'));
  await settle();
  expect(background.ready()).toBe(true);
});

test('a registration that fails is done again at the next take and when the network is back, a few times', async () => {
  const { background, kept, registered, fails, permission } = openBackground({ allowed: false });
  await background.prepareAgain();
  expect(registered, 'there is no take yet').toEqual([]);
  await background.prepare(record);
  expect(background.ready(), 'the browser’s settings forbid it').toBe(false);
  permission.allowed = true;
  fails.register = true;
  await background.prepareAgain();
  expect([background.ready(), registered.length]).toEqual([false, 2]);
  fails.register = false;
  await background.prepare({ ...record, token: 'another', at: 1 });
  expect([background.ready(), registered.length, kept.get('a')?.token]).toEqual([true, 3, 'another']);
  await background.prepareAgain();
  expect(registered.length).toBe(3);

  const other = openBackground();
  other.fails.register = true;
  for (let take = 0; take < 10; take++) await other.background.prepare(record);
  expect(other.registered.length).toBe(5);
});

test('where the browser refuses the wish, the page must be kept open', async () => {
  const { background, fails } = openBackground();
  await background.prepare(record);
  fails.ask = true;
  background.ask();
  await settle();
  expect(background.ready()).toBe(false);
  fails.ask = false;
  await background.prepareAgain();
  expect(background.ready()).toBe(true);
});

test('without Background Sync nothing is left, least of all a token', async () => {
  const { records, kept } = openBackground();
  const background = createBackground({ records, container: undefined });
  await background.prepare(record);
  expect([kept.size, background.ready()]).toEqual([0, false]);
});

test('the token of another session goes once the device holds nothing of it', async () => {
  const { background, records, kept } = openBackground();
  for (const folder of ['a', 'b', 'c']) await records.put({ ...record, folder });
  await background.tidy('a', async (folder) => folder === 'c');
  expect([...kept.keys()]).toEqual(['a', 'c']);
});
