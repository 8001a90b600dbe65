import { expect, test } from 'vitest';
import { createSavedRecord } from '../../../client/interview/saved-record.ts';
import type { SavedReceipt } from '../../../client/interview/state.ts';

/** A browser's store whose disk can be full. */
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

test('what the browser refuses to store lasts as long as the page, and is stored once there is room', () => {
  const { store, values, disk } = createStore();
  const savedRecord = createSavedRecord({ local: () => store });
  savedRecord.set({ token: 'secret', userName: 'A', folder: 'f', currentIndex: 1 });
  disk.full = true;
  savedRecord.set({ currentIndex: 2 });
  savedRecord.save({ takesUsed: { 1: 1 } });
  expect([savedRecord.get()?.currentIndex, savedRecord.load(), values.get('currentIndex')]).toEqual([
    2,
    { takesUsed: { 1: 1 } },
    '1',
  ]);
  disk.full = false;
  savedRecord.save({ finishing: 5 });
  expect(JSON.parse(values.get('tresgoNotes') ?? '')).toMatchObject({ takesUsed: { 1: 1 }, finishing: 5 });
  disk.full = true;
  savedRecord.set({ currentIndex: 3 });
  savedRecord.clear();
  expect([savedRecord.get(), savedRecord.load(), [...values.keys()]]).toEqual([null, {}, []]);
});

test('the receipt outlives the token, in this tab alone, and holds no token', () => {
  const [local, tab] = [createStore(), createStore()];
  const open = () => createSavedRecord({ local: () => local.store, tab: () => tab.store });
  const savedRecord = open();
  savedRecord.set({ token: 'secret', userName: 'A', folder: 'f' });
  expect(savedRecord.loadReceipt()).toBeNull();
  const receipt = { title: 'Interview', folder: 'f' } as SavedReceipt;
  savedRecord.clear();
  savedRecord.saveReceipt(receipt);
  expect(open().loadReceipt()).toEqual(receipt);
  expect([[...local.values], JSON.stringify([...tab.values])]).toEqual([[], expect.not.stringContaining('secret')]);
  tab.disk.full = true;
  savedRecord.saveReceipt(receipt);
  savedRecord.saveReceipt(null);
  expect(open().loadReceipt()).toBeNull();
});

test('what the version before this one stored on devices is read as it is', () => {
  const { store, values } = createStore();
  const interview = { title: 'Interview', gate: 'each' };
  const questions = [{ index: 1, text: '?', thinkSeconds: 0, maxSeconds: 60, maxTakes: 2 }];
  const sitting = { folder: 'f', interview, questions, answered: [1], uploadEndpoint: '/files' };
  const undecided = { takeId: 'a', question: 2, recordedMs: 5000, cause: 'review' };
  const quality = { width: 640, height: 360, frameRate: 20, videoBitsPerSecond: 386_000, audioBitsPerSecond: 64_000 };
  const progress = {
    ...{ sitting, undecided, quality, thinking: { question: 2, until: 0 } },
    ...{ takesUsed: { 1: 2 }, recordedMs: { 1: 7000 }, finishing: 1 },
  };
  const receipt = { title: 'Interview', userName: 'A', folder: 'f', finishedAt: '2026-11-24T03:00:00.000Z' };
  const tab = createStore();
  values.set('userToken', 'secret').set('userName', 'A').set('sessionFolder', 'f').set('currentIndex', '2');
  values.set('tresgoNotes', JSON.stringify({ ...progress, folder: 'f' }));
  tab.values.set('tresgoReceipt', JSON.stringify({ ...receipt, answers: [], recordedMs: { 1: 7000 } }));
  const savedRecord = createSavedRecord({ local: () => store, tab: () => tab.store });
  expect(savedRecord.get()).toEqual({ token: 'secret', userName: 'A', folder: 'f', currentIndex: 2 });
  expect(savedRecord.load()).toEqual(progress);
  expect(savedRecord.loadReceipt()).toEqual({ ...receipt, answers: [], recordedMs: { 1: 7000 } });
  savedRecord.save({ finishing: undefined });
  const { finishing: _, ...rest } = progress;
  expect(JSON.parse(values.get('tresgoNotes') ?? '')).toEqual({ ...rest, folder: 'f' });
});

test('the progress of another session is not read', () => {
  const { store, values } = createStore();
  values.set('sessionFolder', 'mine').set('tresgoNotes', JSON.stringify({ finishing: 5, folder: 'theirs' }));
  expect(createSavedRecord({ local: () => store }).load()).toEqual({});
});
