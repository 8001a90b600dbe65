import { expect, test } from 'vitest';
import { createIdentityStore } from '../../client/identity.ts';
import type { SavedReceipt } from '../../client/interview.ts';

/** A browser's store that can be filled up. */
function createStore() {
  const values = new Map<string, string>();
  const disk = { full: false };
  const store = {
    getItem: (key: string) => values.get(key) ?? null,
    setItem(key: string, value: string) {
      if (disk.full) throw new DOMException('Full', 'QuotaExceededError');
      values.set(key, value);
    },
    removeItem: (key: string) => void values.delete(key),
  };
  return { store, values, disk };
}

test('what the browser refuses to keep lasts as long as the page, and is kept once there is room', () => {
  const { store, values, disk } = createStore();
  const identity = createIdentityStore({ local: () => store });
  identity.set({ token: 'secret', userName: 'A', folder: 'f', currentIndex: 1 });
  disk.full = true;
  identity.set({ currentIndex: 2 });
  identity.note({ takesUsed: { 1: 1 } });
  expect([identity.get()?.currentIndex, identity.notes(), values.get('currentIndex')]).toEqual([
    2,
    { takesUsed: { 1: 1 } },
    '1',
  ]);
  disk.full = false;
  identity.note({ finishing: 5 });
  expect(JSON.parse(values.get('tresgoNotes') ?? '')).toMatchObject({ takesUsed: { 1: 1 }, finishing: 5 });
  disk.full = true;
  identity.set({ currentIndex: 3 });
  identity.clear();
  expect([identity.get(), identity.notes(), [...values.keys()]]).toEqual([null, {}, []]);
});

test('the receipt outlives the token in this tab alone, and what lies there is no token', () => {
  const [local, tab] = [createStore(), createStore()];
  const open = () => createIdentityStore({ local: () => local.store, tab: () => tab.store });
  const identity = open();
  identity.set({ token: 'secret', userName: 'A', folder: 'f' });
  expect(identity.receipt()).toBeNull();
  const receipt = { title: 'Interview', folder: 'f' } as SavedReceipt;
  identity.clear();
  identity.keepReceipt(receipt);
  expect(open().receipt()).toEqual(receipt);
  expect([[...local.values], JSON.stringify([...tab.values])]).toEqual([[], expect.not.stringContaining('secret')]);
  tab.disk.full = true;
  identity.keepReceipt(receipt);
  identity.keepReceipt(null);
  expect(open().receipt()).toBeNull();
});
