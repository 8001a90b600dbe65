import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMemorySpool } from '../../../client/spool/memory-spool.ts';
import type { Spool } from '../../../client/spool/spool.ts';
import type { UploadEvent } from '../../../client/upload/events.ts';
import { createUploadQueue, type UploadQueue } from '../../../client/upload/upload-queue.ts';
import { createManualTimers, type ManualTimers } from '../../support/manual-timers.ts';
import {
  hangUp,
  openScriptedTus,
  refuse,
  respond,
  type ScriptedTus,
  untilStepped,
} from '../../support/tus/scripted-tus.ts';

let tus: ScriptedTus;
let spool: Spool;
let timers: ManualTimers;
let queue: UploadQueue;
let events: string[];

function open(): UploadQueue {
  return createUploadQueue({
    ...{ spool, timers, fetch: tus.fetch, httpStack: tus.httpStack },
    folder: 'folder',
    endpoint: tus.endpoint,
    token: () => 'secret',
    onEvent: (event) => events.push(`${event.takeId} ${wordOf(event)}`),
  });
}

function wordOf(event: UploadEvent): string {
  if (event.type === 'store-failed') return String(event.error);
  return event.type === 'refused' ? `refused ${event.code}` : event.gate.kind;
}

beforeEach(async () => {
  tus = await openScriptedTus();
  spool = createMemorySpool();
  timers = createManualTimers();
  events = [];
  queue = open();
});
afterEach(async () => {
  queue.close();
  await tus.close();
});

const until = (condition: () => boolean) => untilStepped(condition, { tus, timers, events });

async function record(takeId: string, question: number, bytes: number, { end = true } = {}): Promise<void> {
  await queue.create({ takeId, question, mimeType: 'video/webm', startedAt: `2026-01-0${question}` });
  if (bytes > 0) await queue.append(takeId, new ArrayBuffer(bytes), 500);
  if (end) await queue.end(takeId);
}

test('a take is sent while it grows; its wait is measured from the stop, and its status remains after the end', async () => {
  await record('a', 1, 70_000, { end: false });
  await until(() => queue.status().ackedBytes === 70_000);
  await queue.append('a', new ArrayBuffer(1000), 1000);
  await queue.end('a');
  queue.enterGate('a');
  await until(() => events.at(-1) === 'a open');
  const status = queue.status();
  expect(status).toMatchObject({ takeId: 'a', recordedBytes: 71_000, persistedBytes: 71_000, ackedBytes: 71_000 });
  expect(status.gate).toEqual([
    {
      question: 1,
      takeId: 'a',
      waitMs: expect.any(Number),
      bytes: 71_000,
      resentBytes: 0,
      backlogBytes: 1000,
      recordedMs: 1000,
      sha256: createHash('sha256').update(Buffer.alloc(71_000)).digest('hex'),
    },
  ]);
  expect(status.gate[0]?.waitMs).toBeLessThan(2000);
  expect(JSON.stringify(status)).not.toContain('secret');
});

test('after the stop the last bytes wait for the end, and are sent together with the length', async () => {
  await record('a', 1, 70_000, { end: false });
  await until(() => queue.status().ackedBytes === 70_000);
  await timers.advance(1000);
  queue.enterGate('a');
  await queue.append('a', new ArrayBuffer(1000), 1000);
  await timers.advance(200);
  await queue.end('a');
  await until(() => events.at(-1) === 'a open');
  expect(tus.log.slice(2)).toEqual(['PATCH 0 +70000', 'PATCH 70000 +1000 length=71000']);
});

test('takes of an earlier page are ended and sent first, oldest first; empty ones, and those of a byte, are forgotten', async () => {
  for (const [takeId, day, bytes] of [
    ['old', 1, 200_000],
    ['empty', 2, 0],
    ['byte', 3, 1],
    ['magic', 4, 7],
    ['older', 0, 100_000],
  ] as const) {
    await spool.create({ takeId, folder: 'folder', question: 1, mimeType: 'video/webm', startedAt: `2025-01-0${day}` });
    await spool.append(takeId, new ArrayBuffer(bytes), 1000);
  }
  expect((await queue.recover()).map((take) => take.takeId)).toEqual(['older', 'old']);
  await record('new', 2, 100);
  queue.enterGate('new');
  await until(() => queue.status().gate.length === 3);
  expect(tus.uploads.map((upload) => upload.takeId)).toEqual(['older', 'old', 'new']);
  expect(events.filter((event) => event.endsWith('open'))).toEqual(['older open', 'old open', 'new open']);
  const posts = tus.log.flatMap((line, i) => (line === 'POST' ? [i] : []));
  expect(tus.log.slice(posts[0], posts[1]).at(-1)).toBe('PATCH 0 +100000 length=100000');
  expect(await spool.list('folder')).toEqual([]);
});

test('on a device that cannot record an end, or forget, takes of an earlier page are listed, sent, and ended later', async () => {
  const take = { takeId: 'old', folder: 'folder', question: 1, mimeType: 'video/webm', startedAt: '2025-01-01' };
  await spool.create(take);
  await spool.append('old', new ArrayBuffer(200_000), 1000);
  await spool.create({ ...take, takeId: 'empty' });
  const { end } = spool;
  let full = true;
  const refuse = () => Promise.reject(new DOMException('The disk is full', 'QuotaExceededError'));
  spool.end = (takeId) => (full ? refuse() : end(takeId));
  spool.forget = refuse;
  expect((await queue.recover()).map(({ takeId, ended }) => [takeId, ended])).toEqual([['old', true]]);
  await until(() => queue.status().ackedBytes === 200_000);
  await timers.advance(6000);
  expect(events).not.toContain('old open');
  expect(events.filter((event) => event === 'old QuotaExceededError: The disk is full').length).toBeGreaterThan(3);
  full = false;
  await until(() => events.at(-1) === 'old open');
  expect(tus.log.at(-1)).toBe('PATCH 200000 +0 length=200000');
});

test('the end of a take is recorded again and again until the device’s store accepts it, and each refusal is emitted', async () => {
  await record('a', 1, 100, { end: false });
  const { end } = spool;
  let refusals = 3;
  spool.end = (takeId) => (refusals-- > 0 ? Promise.reject(new DOMException('busy', 'AbortError')) : end(takeId));
  const ending = queue.end('a');
  await timers.advance(4000);
  expect(events.filter((event) => event === 'a AbortError: busy')).toHaveLength(3);
  await timers.advance(2000);
  await ending;
  await until(() => events.at(-1) === 'a open');
});

test('the end of a take is no longer recorded once the take is dropped or the queue closed', async () => {
  await record('a', 1, 100, { end: false });
  await record('b', 2, 100, { end: false });
  spool.end = () => Promise.reject(new Error('full'));
  const endings = [queue.end('a'), queue.end('b')];
  await timers.advance(0);
  await queue.drop('a');
  await timers.advance(2000);
  await endings[0];
  queue.close();
  await endings[1];
  expect(events.filter((event) => event === 'a Error: full')).toHaveLength(1);
});

test('a take that waits for another one shows that one’s gate', async () => {
  let cut = true;
  tus.before = (request) => cut && hangUp(request);
  await record('a', 1, 100);
  await record('b', 2, 100);
  queue.enterGate('b');
  await until(() => events.includes('b waiting'));
  expect(tus.uploads).toEqual([]);
  cut = false;
  queue.retryNow();
  await until(() => events.includes('b open'));
});

test('a take that is refused for good, or fails again and again, does not delay the next one', async () => {
  tus.before = (request, response, upload) => {
    if (upload?.takeId === 'a' && request.method === 'PATCH') return refuse(response, 403);
    return upload?.takeId === 'b' && request.method === 'PATCH' && respond(response, 500);
  };
  await record('a', 1, 100);
  await record('b', 2, 100);
  await record('c', 3, 100);
  await until(() => events.includes('c open'));
  expect(events).toContain('a refused http-403');
  expect(events).toContain('b failed');
  tus.before = () => false;
  queue.retryNow();
  await until(() => queue.status().gate.length === 3);
});

test('a take never passes an earlier one of its own question, and a dropped take delays none', async () => {
  tus.before = (_request, response, upload) => upload?.takeId === 'first' && respond(response, 500);
  await record('first', 1, 100);
  await until(() => events.includes('first failed'));
  await record('second', 1, 100);
  queue.enterGate('second');
  await until(() => events.includes('second failed'));
  expect(tus.uploads.map(({ takeId }) => takeId)).toEqual(['first']);
  expect(queue.unsent().map(({ takeId }) => takeId)).toEqual(['first', 'second']);
  await queue.drop('first');
  await until(() => events.includes('second open'));
  expect([queue.unsent(), await spool.list('folder')]).toEqual([[], []]);
});

test.each(['recorded', 'about to be recorded'])(
  'a take refused for good lets a newer take of its question pass: %s',
  async (when) => {
    let late = true;
    tus.before = (request, response, upload) => {
      if (request.method !== 'PATCH' || upload?.takeId !== 'first') return false;
      return late ? respond(response, 500) : refuse(response, 413);
    };
    await record('first', 1, 100);
    await until(() => events.includes('first failed'));
    if (when === 'recorded') await record('second', 1, 200);
    late = false;
    if (when !== 'recorded') await until(() => events.includes('first refused http-413'));
    if (when !== 'recorded') await record('second', 1, 200);
    queue.enterGate('second');
    await until(() => events.includes('second open'));
    // It is emitted only where the candidate had not recorded another take yet.
    expect(events.filter((event) => event.startsWith('first refused'))).toHaveLength(when === 'recorded' ? 0 : 1);
    expect([queue.unsent(), await spool.list('folder')]).toEqual([[], []]);
    queue.retryNow();
    await until(() => timers.pending() === 0);
    expect(tus.log.at(-1)).toBe('PATCH 0 +200 length=200');
  },
);

test('without a network the takes wait together: 2, 4, 8 s once, not for each take', async () => {
  const counts = (takeId: string) => events.filter((event) => event === `${takeId} waiting`).length;
  tus.before = (request) => hangUp(request);
  await record('a', 1, 100);
  await record('b', 2, 100);
  await record('c', 3, 100);
  queue.enterGate('c');
  await until(() => events.includes('c failed'));
  await timers.advance(60_000);
  expect([events.at(-1), counts('c')]).toEqual(['c failed', 2 + 4 + 8]);
  expect(queue.status().takes.map(({ attempts }) => attempts > 0)).toEqual([true, false, false]);
  tus.before = () => false;
  queue.retryNow();
  await until(() => queue.status().gate.length === 3);
});

test('the status has the rate of the uplink, and for how long no byte moved', async () => {
  expect(queue.status()).toMatchObject({ uplinkKbps: null, quietMs: 0 });
  await record('a', 1, 70_000);
  await until(() => queue.status().gate.length === 1);
  const { uplinkKbps, quietMs, takes } = queue.status();
  expect([uplinkKbps !== null && uplinkKbps > 0, quietMs, takes[0]?.recordedMs]).toEqual([true, 0, 500]);
  expect(takes[0]?.sha256).toBe(queue.status().gate[0]?.sha256);
  let hung = false;
  tus.before = (request) => {
    hung ||= request.method === 'PATCH';
    return request.method === 'PATCH';
  };
  await record('b', 2, 100);
  await until(() => hung);
  await timers.advance(3000);
  expect(queue.status().quietMs).toBeGreaterThanOrEqual(3000);
  expect(queue.unsent()).toMatchObject([{ takeId: 'b', recordedMs: 500 }]);
});

test('the backlog at the stop is the bytes recorded and not acknowledged; without a wait it is 0', async () => {
  tus.before = (request) => request.method === 'PATCH' && hangUp(request);
  await record('a', 1, 5000, { end: false });
  await until(() => events.includes('a waiting'));
  queue.enterGate('a');
  tus.before = () => false;
  await queue.append('a', new ArrayBuffer(700), 900);
  await queue.end('a');
  await record('b', 2, 100);
  await until(() => queue.status().gate.length === 2);
  expect(queue.status().gate).toMatchObject([
    { bytes: 5700, backlogBytes: 5000, recordedMs: 900 },
    { bytes: 100, backlogBytes: 0, waitMs: 0 },
  ]);
});

test('the rate measured by one take sets the size of the next one’s PATCHes', async () => {
  await record('a', 1, 100_000);
  await until(() => queue.status().gate.length === 1);
  await record('b', 2, 1_000_000);
  await until(() => queue.status().gate.length === 2);
  // The first PATCH of a session may carry 256 KiB; on this link 4 s carry more than 1 MiB.
  expect(tus.log.at(-1)).toBe('PATCH 0 +1000000 length=1000000');
});

test('after close nothing is sent and no event is emitted', async () => {
  await record('a', 1, 100);
  queue.close();
  const said = events.length;
  await timers.advance(60_000);
  expect([tus.uploads, events.length]).toEqual([[], said]);
  expect(timers.pending()).toBe(0);
});
