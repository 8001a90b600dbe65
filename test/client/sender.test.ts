import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMemorySpool } from '../../client/memory-spool.ts';
import { createSender, type Sender } from '../../client/sender.ts';
import type { Spool } from '../../client/spool.ts';
import { createManualTimers, type ManualTimers } from '../support/manual-timers.ts';
import { createNodeStack } from '../support/node-stack.ts';
import { answer, hangUp, openScriptedTus, refuse, type ScriptedTus } from '../support/scripted-tus.ts';

let tus: ScriptedTus;
let spool: Spool;
let timers: ManualTimers;
let sender: Sender;
let events: string[];

function open(): Sender {
  return createSender({
    spool,
    timers,
    folder: 'folder',
    endpoint: tus.endpoint,
    token: () => 'secret',
    httpStack: createNodeStack(),
    onEvent: (event) =>
      events.push(`${event.takeId} ${event.type === 'refused' ? `refused ${event.code}` : event.gate.kind}`),
  });
}

beforeEach(async () => {
  tus = await openScriptedTus();
  spool = createMemorySpool();
  timers = createManualTimers();
  events = [];
  sender = open();
});
afterEach(async () => {
  sender.close();
  await tus.close();
});

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 3000) throw new Error(`never came: ${condition}\n${tus.log.join('\n')}\n${events.join('\n')}`);
    await timers.advance(100);
    do await new Promise((resolve) => setTimeout(resolve, 1));
    while (tus.busy());
  }
}

async function record(takeId: string, question: number, bytes: number, { end = true } = {}): Promise<void> {
  await sender.begin({ takeId, question, mimeType: 'video/webm', startedAt: `2026-01-0${question}` });
  if (bytes > 0) await sender.append(takeId, new ArrayBuffer(bytes), 500);
  if (end) await sender.end(takeId);
}

test('a take is sent while it grows; its gate is timed from the stop, and the status stays after the end', async () => {
  await record('a', 1, 70_000, { end: false });
  await until(() => sender.status().ackedBytes === 70_000);
  await sender.append('a', new ArrayBuffer(1000), 1000);
  await sender.end('a');
  sender.enterGate('a');
  await until(() => events.at(-1) === 'a open');
  const status = sender.status();
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

test('after the stop the last bytes wait for the end, and go out with the length', async () => {
  await record('a', 1, 70_000, { end: false });
  await until(() => sender.status().ackedBytes === 70_000);
  await timers.advance(1000);
  sender.enterGate('a');
  await sender.append('a', new ArrayBuffer(1000), 1000);
  await timers.advance(200);
  await sender.end('a');
  await until(() => events.at(-1) === 'a open');
  expect(tus.log.slice(2)).toEqual(['PATCH 0 +70000', 'PATCH 70000 +1000 length=71000']);
});

test('takes left by an earlier page are ended and sent first, oldest first; empty ones are forgotten', async () => {
  for (const [takeId, day, bytes] of [
    ['old', 1, 200_000],
    ['empty', 2, 0],
    ['older', 0, 100_000],
  ] as const) {
    await spool.create({ takeId, folder: 'folder', question: 1, mimeType: 'video/webm', startedAt: `2025-01-0${day}` });
    await spool.append(takeId, new ArrayBuffer(bytes), 1000);
  }
  expect((await sender.recover()).map((take) => take.takeId)).toEqual(['older', 'old']);
  await record('new', 2, 100);
  sender.enterGate('new');
  await until(() => sender.status().gate.length === 3);
  expect(tus.uploads.map((upload) => upload.takeId)).toEqual(['older', 'old', 'new']);
  expect(events.filter((event) => event.endsWith('open'))).toEqual(['older open', 'old open', 'new open']);
  const posts = tus.log.flatMap((line, i) => (line === 'POST' ? [i] : []));
  expect(tus.log.slice(posts[0], posts[1]).at(-1)).toBe('PATCH 0 +100000 length=100000');
  expect(await spool.list('folder')).toEqual([]);
});

test('a device that can’t write down an end, or forget: what an earlier page left is listed, sent, and ended later', async () => {
  const take = { takeId: 'old', folder: 'folder', question: 1, mimeType: 'video/webm', startedAt: '2025-01-01' };
  await spool.create(take);
  await spool.append('old', new ArrayBuffer(200_000), 1000);
  await spool.create({ ...take, takeId: 'empty' });
  const { end } = spool;
  let full = true;
  const refuse = () => Promise.reject(new DOMException('The disk is full', 'QuotaExceededError'));
  spool.end = (takeId) => (full ? refuse() : end(takeId));
  spool.forget = refuse;
  expect((await sender.recover()).map(({ takeId, ended }) => [takeId, ended])).toEqual([['old', true]]);
  await until(() => sender.status().ackedBytes === 200_000);
  await timers.advance(6000);
  expect(events).not.toContain('old open');
  full = false;
  await until(() => events.at(-1) === 'old open');
  expect(tus.log.at(-1)).toBe('PATCH 200000 +0 length=200000');
});

test('a take behind another shows what holds it up', async () => {
  let cut = true;
  tus.before = (request) => cut && hangUp(request);
  await record('a', 1, 100);
  await record('b', 2, 100);
  sender.enterGate('b');
  await until(() => events.includes('b waiting'));
  expect(tus.uploads).toEqual([]);
  cut = false;
  sender.retryNow();
  await until(() => events.includes('b open'));
});

test('a take that is refused for good, or fails on and on, does not hold up the next', async () => {
  tus.before = (request, response, upload) => {
    if (upload?.takeId === 'a' && request.method === 'PATCH') return refuse(response, 403);
    return upload?.takeId === 'b' && request.method === 'PATCH' && answer(response, 500);
  };
  await record('a', 1, 100);
  await record('b', 2, 100);
  await record('c', 3, 100);
  await until(() => events.includes('c open'));
  expect(events).toContain('a refused http-403');
  expect(events).toContain('b failed');
  tus.before = () => false;
  sender.retryNow();
  await until(() => sender.status().gate.length === 3);
});

test('a take never passes an earlier one of its own question, and one that is given up stands in nobody’s way', async () => {
  tus.before = (_request, response, upload) => upload?.takeId === 'first' && answer(response, 500);
  await record('first', 1, 100);
  await until(() => events.includes('first failed'));
  await sender.begin({ takeId: 'second', question: 1, mimeType: 'video/webm', startedAt: '2026-01-02' });
  await sender.append('second', new ArrayBuffer(100), 500);
  await sender.end('second');
  sender.enterGate('second');
  await until(() => events.includes('second failed'));
  expect(tus.uploads.map(({ takeId }) => takeId)).toEqual(['first']);
  expect(sender.unsent().map(({ takeId }) => takeId)).toEqual(['first', 'second']);
  await sender.drop('first');
  await until(() => events.includes('second open'));
  expect([sender.unsent(), await spool.list('folder')]).toEqual([[], []]);
});

test.each(['recorded', 'about to be recorded'])(
  'a take refused for good lets a newer one of its question through: %s',
  async (when) => {
    let late = true;
    tus.before = (request, response, upload) => {
      if (request.method !== 'PATCH' || upload?.takeId !== 'first') return false;
      return late ? answer(response, 500) : refuse(response, 413);
    };
    await record('first', 1, 100);
    await until(() => events.includes('first failed'));
    if (when === 'recorded') await record('second', 1, 200);
    late = false;
    if (when !== 'recorded') await until(() => events.includes('first refused http-413'));
    if (when !== 'recorded') await record('second', 1, 200);
    sender.enterGate('second');
    await until(() => events.includes('second open'));
    // Whether it is told depends on whether the candidate could still do something about it.
    expect(events.filter((event) => event.startsWith('first refused'))).toHaveLength(when === 'recorded' ? 0 : 1);
    expect([sender.unsent(), await spool.list('folder')]).toEqual([[], []]);
    sender.retryNow();
    await until(() => timers.pending() === 0);
    expect(tus.log.at(-1)).toBe('PATCH 0 +200 length=200');
  },
);

test('without a network the takes wait together: 2, 4, 8 s once, not for each of them', async () => {
  const counts = (takeId: string) => events.filter((event) => event === `${takeId} waiting`).length;
  tus.before = (request) => hangUp(request);
  await record('a', 1, 100);
  await record('b', 2, 100);
  await record('c', 3, 100);
  sender.enterGate('c');
  await until(() => events.includes('c failed'));
  await timers.advance(60_000);
  expect([events.at(-1), counts('c')]).toEqual(['c failed', 2 + 4 + 8]);
  expect(sender.status().takes.map(({ attempts }) => attempts > 0)).toEqual([true, false, false]);
  tus.before = () => false;
  sender.retryNow();
  await until(() => sender.status().gate.length === 3);
});

test('the status tells how fast the uplink is, and for how long nothing moved', async () => {
  expect(sender.status()).toMatchObject({ uplinkKbps: null, quietMs: 0 });
  await record('a', 1, 70_000);
  await until(() => sender.status().gate.length === 1);
  const { uplinkKbps, quietMs, takes } = sender.status();
  expect([uplinkKbps !== null && uplinkKbps > 0, quietMs, takes[0]?.recordedMs]).toEqual([true, 0, 500]);
  expect(takes[0]?.sha256).toBe(sender.status().gate[0]?.sha256);
  let hung = false;
  tus.before = (request) => {
    hung ||= request.method === 'PATCH';
    return request.method === 'PATCH';
  };
  await record('b', 2, 100);
  await until(() => hung);
  await timers.advance(3000);
  expect(sender.status().quietMs).toBeGreaterThanOrEqual(3000);
  expect(sender.unsent()).toMatchObject([{ takeId: 'b', recordedMs: 500 }]);
});

test('the backlog at the stop is what was recorded and not acknowledged; without a gate it is 0', async () => {
  tus.before = (request) => request.method === 'PATCH' && hangUp(request);
  await record('a', 1, 5000, { end: false });
  await until(() => events.includes('a waiting'));
  sender.enterGate('a');
  tus.before = () => false;
  await sender.append('a', new ArrayBuffer(700), 900);
  await sender.end('a');
  await record('b', 2, 100);
  await until(() => sender.status().gate.length === 2);
  expect(sender.status().gate).toMatchObject([
    { bytes: 5700, backlogBytes: 5000, recordedMs: 900 },
    { bytes: 100, backlogBytes: 0, waitMs: 0 },
  ]);
});

test('the rate that one take measured fits the PATCHes of the next', async () => {
  await record('a', 1, 100_000);
  await until(() => sender.status().gate.length === 1);
  await record('b', 2, 1_000_000);
  await until(() => sender.status().gate.length === 2);
  // 256 KiB at first; over this link, 1 MiB and more would take 4 s.
  expect(tus.log.at(-1)).toBe('PATCH 0 +1000000 length=1000000');
});

test('after close nothing is sent and nothing is said', async () => {
  await record('a', 1, 100);
  sender.close();
  const said = events.length;
  await timers.advance(60_000);
  expect([tus.uploads, events.length]).toEqual([[], said]);
  expect(timers.pending()).toBe(0);
});
