/** Sending in the background: the locks that keep page and worker apart, and what the page leaves for the worker. */
import { expect, test } from 'vitest';
import { createBackground } from '../../../client/offline/background.ts';
import { aloneInBackground, keepBackgroundAway } from '../../../client/offline/background-lock.ts';
import type { SendingRecord, SendingRecords } from '../../../client/spool/sending-record.ts';
import { createManualTimers } from '../../support/manual-timers.ts';

type Mode = 'exclusive' | 'shared';

/** The browser's locks: shared and exclusive, waiting or `ifAvailable`, as the Web Locks API grants them. */
function createLocks() {
  const held: Array<{ name: string; mode: Mode }> = [];
  const pending: Array<{ name: string; mode: Mode; grant: () => void }> = [];
  const isFree = (name: string, mode: Mode) =>
    !held.some((lock) => lock.name === name && (mode === 'exclusive' || lock.mode === 'exclusive'));
  async function run(name: string, mode: Mode, work: (lock: object | null) => Promise<unknown>) {
    const lock = { name, mode };
    held.push(lock);
    try {
      return await work(lock);
    } finally {
      held.splice(held.indexOf(lock), 1);
      for (const next of pending.filter((each) => isFree(each.name, each.mode))) {
        pending.splice(pending.indexOf(next), 1);
        next.grant();
      }
    }
  }
  type Work = (lock: object | null) => Promise<unknown>;
  const locks = {
    async request(name: string, options: LockOptions | Work, then?: Work) {
      const [{ mode = 'exclusive', ifAvailable = false }, work] =
        typeof options === 'function' ? [{} as LockOptions, options] : [options, then as Work];
      if (isFree(name, mode)) return run(name, mode, work);
      if (ifAvailable) return work(null);
      await new Promise<void>((grant) => pending.push({ name, mode, grant }));
      return run(name, mode, work);
    },
    query: async () => ({ held, pending }),
  };
  return locks as unknown as Pick<LockManager, 'request' | 'query'>;
}

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

function openBackground({ active = true } = {}) {
  const kept = new Map<string, SendingRecord>();
  const records: SendingRecords = {
    put: async (record) => void kept.set(record.folder, record),
    list: async () => [...kept.values()],
    delete: async (folder) => void kept.delete(folder),
  };
  const wishes: string[] = [];
  const worker = Object.assign(new EventTarget(), { state: 'installing' });
  const registration = {
    active: active ? worker : null,
    ...{ installing: active ? null : worker, waiting: null },
    sync: { register: async (tag: string) => void wishes.push(tag) },
  };
  const registered: unknown[] = [];
  const container = {
    async register(...asked: unknown[]) {
      registered.push(asked);
      return registration as unknown as ServiceWorkerRegistration;
    },
  };
  return { background: createBackground({ records, container }), records, kept, wishes, registered, worker };
}

const record = { folder: 'a', endpoint: 'https://x/files', token: 'secret' };

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
