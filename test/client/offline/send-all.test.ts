/** One `sync` event of the browser: what the worker sends, what it leaves, and whether the browser tries again. */
import { expect, test } from 'vitest';
import { keepBackgroundAway } from '../../../client/offline/background-lock.ts';
import { sendAll } from '../../../client/offline/send-all.ts';
import { createMemorySpool } from '../../../client/spool/memory-spool.ts';
import type { SendingRecord } from '../../../client/spool/sending-record.ts';
import { createLocks } from '../../support/browser/web-locks.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

/** A device that holds one whole take of each of these sessions, and a server that gives this status to each request. */
async function openDevice(folders: string[], respond: () => Promise<Response>) {
  const memory = createMemorySpool();
  const spool = { ...memory, close: () => {} };
  const kept = new Map<string, SendingRecord>();
  for (const folder of folders) {
    const take = { takeId: `take of ${folder}`, folder, question: 1, mimeType: 'video/webm', startedAt: '2026-01-01' };
    await spool.create(take);
    await spool.append(take.takeId, new ArrayBuffer(1000), 1000);
    await spool.end(take.takeId);
    kept.set(folder, { folder, endpoint: 'https://x/files', token: 'secret', at: 0 });
  }
  const [locks, timers] = [createLocks(), createManualTimers()];
  const device = { requests: 0, registered: 0, pages: ['hidden'], end: '' };
  const records = {
    list: async () => [...kept.values()],
    delete: async (folder: string) => void kept.delete(folder),
  };
  const begin = () => {
    device.end = '';
    void sendAll({
      ...{ records, locks, timers },
      openSpool: async () => spool,
      pages: async () => device.pages.map((visibilityState) => ({ visibilityState })),
      again: async () => void device.registered++,
      fetch: () => {
        device.requests++;
        return respond();
      },
    }).then(
      () => (device.end = 'done'),
      () => (device.end = 'tried again'),
    );
  };
  return { device, kept, spool, locks, timers, begin };
}

const unauthorized = async () =>
  Response.json(
    { code: 'token-invalid', status: 401, detail: 'The token is not valid.' },
    { status: 401, headers: { 'Content-Type': 'application/problem+json', 'Tus-Resumable': '1.0.0' } },
  );

test('while a hidden page holds the session, the event is registered anew, and nothing is sent', async () => {
  const { device, kept, locks, timers, begin } = await openDevice(['a'], unauthorized);
  await keepBackgroundAway('a', locks);
  begin();
  await timers.advance(59_000);
  expect(device).toMatchObject({ end: '', registered: 0 });
  await timers.advance(2000);
  expect(device).toMatchObject({ end: 'done', registered: 1, requests: 0 });
  device.pages = ['visible'];
  begin();
  await timers.advance(61_000);
  expect(device, 'a page on the screen registers it itself').toMatchObject({ end: 'done', registered: 1, requests: 0 });
  expect(kept.size).toBe(1);
});

test.each([
  ['of which another one is on the screen', ['visible', 'hidden']],
  ['that the browser does not name', []],
])('a page %s may be the hidden one that holds the session: the event is registered anew', async (_, pages) => {
  const { device, locks, timers, begin } = await openDevice(['a'], unauthorized);
  await keepBackgroundAway('a', locks);
  device.pages = pages;
  begin();
  await timers.advance(61_000);
  expect(device).toMatchObject({ end: 'done', registered: 1, requests: 0 });
});

test('while a page holds a session of which nothing is left, there is nothing to do', async () => {
  const { device, spool, locks, timers, begin } = await openDevice(['a'], unauthorized);
  await keepBackgroundAway('a', locks);
  await spool.forget('take of a');
  begin();
  await timers.advance(61_000);
  expect(device).toMatchObject({ end: 'done', registered: 0 });
});

test('a secret that the server knows no more is forgotten at once, and the takes are not', async () => {
  const { device, kept, spool, timers, begin } = await openDevice(['a'], unauthorized);
  begin();
  await settle();
  await timers.advance(1000);
  expect(device).toMatchObject({ end: 'done', registered: 0 });
  expect(device.requests).toBe(1);
  expect(kept.size).toBe(0);
  expect(await spool.list('a')).toMatchObject([{ bytes: 1000, ended: true }]);
});

test('without a network the browser tries again, also where another session is held', async () => {
  const cut = () => Promise.reject(new TypeError('Failed to fetch'));
  const { device, kept, locks, timers, begin } = await openDevice(['a', 'b'], cut);
  await keepBackgroundAway('b', locks);
  begin();
  for (let seconds = 0; seconds < 70; seconds++) await timers.advance(1000);
  expect(device).toMatchObject({ end: 'tried again', registered: 1 });
  expect(kept.size).toBe(2);
});
