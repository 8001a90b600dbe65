/** Two tabs, one record and one lock: another link in another tab takes the record over, and does no harm. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSavedRecord } from '../../../client/interview/saved-record.ts';
import { createTabRecord, lockSession, whileFree } from '../../../client/interview/tab-record.ts';

const mine = { token: 'mine', userName: 'Nguyen Van A', folder: 'a', currentIndex: 1 };
const theirs = { token: 'theirs', userName: 'Tran Thi B', folder: 'b', currentIndex: 3 };

function open() {
  const values = new Map<string, string>();
  const local = () => ({
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  });
  const store = createSavedRecord({ local });
  store.set(mine);
  store.save({ takesUsed: { 1: 1 } });
  return { store, own: createTabRecord(store) };
}

test('while the record is of the page’s own session, the page reads and writes it', () => {
  const { store, own } = open();
  own.set({ currentIndex: 2 });
  own.save({ finishing: 2 });
  expect([own.get(), store.get()]).toEqual([
    { ...mine, currentIndex: 2 },
    { ...mine, currentIndex: 2 },
  ]);
  expect([own.load(), store.load()]).toEqual(Array(2).fill({ takesUsed: { 1: 1 }, finishing: 2 }));
  own.clear();
  expect([own.get(), store.get(), own.load()]).toEqual([null, null, {}]);
});

test('the page takes over a new log-in to the same session, and another folder of the same token', () => {
  const { store, own } = open();
  store.set({ token: 'restored' });
  expect(own.get()?.token).toBe('restored');
  own.set({ folder: 'a_2' });
  expect([own.get()?.folder, store.get()?.folder, own.load()]).toEqual(['a_2', 'a_2', {}]);
});

test('another link takes the record over: the page continues with its own data, and leaves the other’s alone', () => {
  const { store, own } = open();
  store.set(theirs);
  store.save({ finishing: 5 });
  expect([own.get(), own.load()]).toEqual([mine, { takesUsed: { 1: 1 } }]);
  own.set({ currentIndex: 2 });
  own.save({ takesUsed: { 1: 2 } });
  expect([own.get()?.currentIndex, own.load()]).toEqual([2, { takesUsed: { 1: 2 } }]);
  own.clear();
  expect([store.get(), store.load()]).toEqual([theirs, { finishing: 5 }]);
  expect([own.get(), own.load()]).toEqual([null, {}]);
});

test('a session that another tab has finished is not stored again', () => {
  const { store, own } = open();
  store.clear();
  own.set({ folder: 'a' });
  own.save({ finishing: 2 });
  expect([own.get()?.token, store.get(), store.load()]).toEqual(['mine', null, {}]);
});

/** The browser's locks, each held until the promise of its callback resolves. */
function createLocks(refused = false) {
  const held = new Set<string>();
  const waiting: Array<{ name: string; grant: () => unknown }> = [];
  const request = (name: string, grant: () => unknown) => {
    if (refused) return Promise.reject(new DOMException('blocked', 'SecurityError'));
    if (held.has(name)) waiting.push({ name, grant });
    else {
      held.add(name);
      grant();
    }
    return new Promise(() => {});
  };
  const close = () => waiting.shift()?.grant();
  return { locks: { request } as unknown as LockManager, close };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('the first tab holds the session; the second calls onBusy after 2 s, and holds it once the first is closed', async () => {
  const { locks, close } = createLocks();
  const did: string[] = [];
  await lockSession('a', () => did.push('busy'), locks);
  await lockSession('b', () => did.push('busy'), locks);
  const second = lockSession('a', () => did.push('busy'), locks).then(() => did.push('held'));
  await vi.advanceTimersByTimeAsync(1999);
  expect(did).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(did).toEqual(['busy']);
  close();
  await second;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(did).toEqual(['busy', 'held']);
});

test('what needs a session that no tab holds is done under its lock, or not at all', async () => {
  const asked: unknown[] = [];
  const locksOf = (free: boolean) =>
    ({
      async request(name: string, options: LockOptions, work: (lock: object | null) => Promise<void>) {
        asked.push([name, options]);
        await work(free ? {} : null);
      },
    }) as unknown as LockManager;
  const did: string[] = [];
  await whileFree('a', async () => void did.push('free'), locksOf(true));
  await whileFree('b', async () => void did.push('held'), locksOf(false));
  expect(did).toEqual(['free']);
  expect(asked).toEqual([
    ['tresgo a', { ifAvailable: true }],
    ['tresgo b', { ifAvailable: true }],
  ]);
});

test('where the browser has no locks, or refuses them, the page continues', async () => {
  const did: string[] = [];
  await lockSession('a', () => did.push('busy'), createLocks(true).locks);
  vi.stubGlobal('navigator', {});
  await lockSession('a', () => did.push('busy'));
  vi.unstubAllGlobals();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(did).toEqual([]);
});
