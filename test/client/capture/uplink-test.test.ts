import { expect, test } from 'vitest';
import { measureUplink, type Post } from '../../../client/capture/uplink-test.ts';
import { createManualTimers, type ManualTimers } from '../../support/manual-timers.ts';

interface FakeLink {
  kbps: number;
  roundTripMs: number;
  /** After this many bytes in all, the link delivers nothing more. */
  deadAfterBytes?: number;
  /** How often progress is reported. */
  progressMs?: number;
  /** Bytes that the system buffers at once, whatever the link carries. */
  socketBytes?: number;
}

/** A link that carries bytes evenly, by the clock of the test. Keeps the bodies that were sent. */
function fakeLink(timers: ManualTimers, { kbps, roundTripMs, deadAfterBytes, progressMs, socketBytes = 0 }: FakeLink) {
  const bodies: Uint8Array[] = [];
  const post: Post = (bytes, signal, onProgress) =>
    new Promise((resolve, reject) => {
      bodies.push(bytes);
      const all = bodies.reduce((sum, { length }) => sum + length, 0);
      const moved = (ms: number) => Math.min(bytes.length, socketBytes + (ms * kbps) / 8);
      const began = timers.now();
      const report = () => {
        if (signal.aborted) return;
        const sent = moved(timers.now() - began);
        onProgress(sent);
        if (sent < bytes.length) timers.set(report, progressMs ?? 0);
      };
      if (progressMs) timers.set(report, progressMs);
      if (all <= (deadAfterBytes ?? Number.POSITIVE_INFINITY))
        timers.set(resolve, roundTripMs + (bytes.length * 8) / kbps);
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  return { post, bodies, sizes: () => bodies.map(({ length }) => length) };
}

async function measureOver(options: FakeLink) {
  const timers = createManualTimers();
  const link = fakeLink(timers, options);
  const measured = measureUplink({ post: link.post, timers });
  await timers.advance(6000);
  return { kbps: await measured, ...link, timers };
}

test.each([300, 1000, 5000, 20_000])('an even link of %i kbit/s is measured well enough', async (kbps) => {
  for (const roundTripMs of [20, 100, 400]) {
    const measured = await measureOver({ kbps, roundTripMs });
    expect(measured.kbps, `${roundTripMs} ms`).toBeGreaterThan(kbps * 0.8);
    expect(measured.kbps, `${roundTripMs} ms`).toBeLessThan(kbps * 1.15);
  }
});

test('where not even the smallest body gets through, the rate is the highest that is possible', async () => {
  for (const roundTripMs of [20, 100, 400]) {
    const measured = await measureOver({ kbps: 60, roundTripMs });
    expect(measured.kbps, `${roundTripMs} ms`).toBeGreaterThan(60);
    expect(measured.kbps, `${roundTripMs} ms`).toBeLessThan(90);
  }
});

test('a fast link is sent all bodies, a slow one no more than its time allows, and none more than 1 MB in all', async () => {
  expect((await measureOver({ kbps: 20_000, roundTripMs: 50 })).sizes()).toEqual([64, 64, 32_768, 131_072, 524_288]);
  expect((await measureOver({ kbps: 300, roundTripMs: 50 })).sizes()).toEqual([64, 64, 32_768]);
});

test('the bodies cannot be compressed', async () => {
  const { bodies } = await measureOver({ kbps: 20_000, roundTripMs: 50 });
  const body = bodies.at(-1) as Uint8Array;
  const counts = new Map<number, number>();
  for (const byte of body) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  expect(counts.size).toBe(256);
  expect(Math.max(...counts.values()) / body.length).toBeLessThan(1 / 200);
});

test('a body that does not get through in time limits the rate, and its progress shows how much less it is', async () => {
  const slow = await measureOver({ kbps: 40, roundTripMs: 50, socketBytes: 16_000, progressMs: 50 });
  expect(slow.sizes()).toEqual([64, 64, 32_768]);
  expect(slow.kbps).toBeGreaterThan(36);
  expect(slow.kbps).toBeLessThan(44);
});

test('a connection that dies during a body limits the rate by what did not get through', async () => {
  const dead = await measureOver({ kbps: 1000, roundTripMs: 50, deadAfterBytes: 100_000 });
  expect(dead.sizes().at(-1)).toBe(131_072);
  expect(dead.kbps).toBeGreaterThan(200);
  expect(dead.kbps).toBeLessThan(300);
});

test('a link that falls silent after a few bytes has no rate, and the measurement ends at the limit', async () => {
  const timers = createManualTimers();
  const link = fakeLink(timers, { kbps: 1000, roundTripMs: 50, deadAfterBytes: 0 });
  let measured: number | null | undefined;
  void measureUplink({ post: link.post, timers }).then((kbps) => {
    measured = kbps;
  });
  await timers.advance(3999);
  expect(measured).toBeUndefined();
  await timers.advance(1);
  expect(measured).toBeNull();
});

test('a post that ignores the limit does not delay the measurement', async () => {
  const timers = createManualTimers();
  const measured = measureUplink({ post: () => new Promise(() => {}), timers });
  await timers.advance(4000);
  expect(await measured).toBeNull();
  expect(timers.pending()).toBe(0);
});

test('a refusal gives no rate, whichever body is refused, and no further body is sent', async () => {
  for (const at of [1, 2, 3, 4]) {
    const timers = createManualTimers();
    const link = fakeLink(timers, { kbps: 5000, roundTripMs: 10 });
    let sent = 0;
    const measured = measureUplink({
      post: (...post) => (++sent === at ? Promise.reject(new Error('429')) : link.post(...post)),
      timers,
    });
    await timers.advance(2000);
    expect(await measured).toBeNull();
    expect(sent).toBe(at);
    expect(timers.pending(), 'the limit is off').toBe(0);
  }
});
