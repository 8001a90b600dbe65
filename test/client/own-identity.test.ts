/** Two pages, one store: another link in another tab takes the store over, and harms nobody. */
import { expect, test } from 'vitest';
import { createIdentityStore } from '../../client/identity.ts';
import { createOwnIdentity } from '../../client/own-identity.ts';

const mine = { token: 'mine', userName: 'Nguyen Van A', folder: 'a', currentIndex: 1 };
const theirs = { token: 'theirs', userName: 'Tran Thi B', folder: 'b', currentIndex: 3 };

function open() {
  const values = new Map<string, string>();
  const local = () => ({
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  });
  const store = createIdentityStore({ local });
  store.set(mine);
  store.note({ takesUsed: { 1: 1 } });
  return { store, own: createOwnIdentity(store) };
}

test('while the session is the page’s own, the store is as it is', () => {
  const { store, own } = open();
  own.set({ currentIndex: 2 });
  own.note({ finishing: 2 });
  expect([own.get(), store.get()]).toEqual([
    { ...mine, currentIndex: 2 },
    { ...mine, currentIndex: 2 },
  ]);
  expect([own.notes(), store.notes()]).toEqual(Array(2).fill({ takesUsed: { 1: 1 }, finishing: 2 }));
  own.clear();
  expect([own.get(), store.get(), own.notes()]).toEqual([null, null, {}]);
});

test('a new log-in to the same session is taken up, and so is another folder of the same token', () => {
  const { store, own } = open();
  store.set({ token: 'restored' });
  expect(own.get()?.token).toBe('restored');
  own.set({ folder: 'a_2' });
  expect([own.get()?.folder, store.get()?.folder, own.notes()]).toEqual(['a_2', 'a_2', {}]);
});

test('another link takes the store over: the page goes on with its own, and leaves the other’s alone', () => {
  const { store, own } = open();
  store.set(theirs);
  store.note({ finishing: 5 });
  expect([own.get(), own.notes()]).toEqual([mine, { takesUsed: { 1: 1 } }]);
  own.set({ currentIndex: 2 });
  own.note({ takesUsed: { 1: 2 } });
  expect([own.get()?.currentIndex, own.notes()]).toEqual([2, { takesUsed: { 1: 2 } }]);
  own.clear();
  expect([store.get(), store.notes()]).toEqual([theirs, { finishing: 5 }]);
  expect([own.get(), own.notes()]).toEqual([null, {}]);
});

test('a session that another tab has finished is not written down again', () => {
  const { store, own } = open();
  store.clear();
  own.set({ folder: 'a' });
  own.note({ finishing: 2 });
  expect([own.get()?.token, store.get(), store.notes()]).toEqual(['mine', null, {}]);
});
