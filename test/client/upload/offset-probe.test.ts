/** How a PATCH that a kernel buffered whole is distinguished from one on a dead connection. */
import { beforeEach, expect, test } from 'vitest';
import { PROBE_EVERY_MS, probeOffset, SLOW_RESPONSE_MS } from '../../../client/upload/offset-probe.ts';
import { createWatchdog, STALL_MS, type Watchdog } from '../../../client/upload/stall-watchdog.ts';
import { createManualTimers, type ManualTimers } from '../../support/manual-timers.ts';

let timers: ManualTimers;
let watchdog: Watchdog;
let stalledAt: number | null;
let asked: number[];
let patch: AbortController;

function setUp(): void {
  timers = createManualTimers();
  stalledAt = null;
  asked = [];
  patch = new AbortController();
  watchdog = createWatchdog({
    timers,
    onStall() {
      stalledAt = timers.now();
      watchdog.end();
      patch.abort();
    },
  });
}
beforeEach(setUp);

/** A PATCH from byte 100 on; `offset` is what HEAD returns at a time, after `takesMs`. */
function begin(offset: (now: number) => number | null, takesMs = 50): void {
  watchdog.begin();
  const ask = async () => {
    asked.push(timers.now());
    await new Promise<void>((resolve) => timers.set(resolve, takesMs));
    return offset(timers.now());
  };
  void probeOffset({ timers, watchdog, from: 100, ask, signal: patch.signal });
}

test('a slow link on which the offset grows is never given up', async () => {
  begin((now) => 100 + Math.floor(now / 10));
  await timers.advance(20 * STALL_MS);
  expect(stalledAt).toBeNull();
  expect(asked.length).toBeGreaterThan(20);
});

test('a dead connection is given up after 15 s, whatever arrived before it died', async () => {
  begin(() => 100);
  await timers.advance(2 * STALL_MS);
  expect(stalledAt).toBe(STALL_MS);
  for (const diedAt of [0, 1000, 3900, 4100, 8000, 30_000]) {
    setUp();
    begin((now) => 100 + Math.min(now + 1, diedAt + 1));
    await timers.advance(diedAt + 2 * STALL_MS);
    // At the earliest 15 s after the last HEAD before the connection died, at the latest 15 s after it died.
    expect(stalledAt).toBeGreaterThanOrEqual(Math.max(STALL_MS, diedAt + STALL_MS - PROBE_EVERY_MS - 50));
    expect(stalledAt).toBeLessThanOrEqual(diedAt + STALL_MS);
  }
});

test('a HEAD that had to queue behind the body proves by its slowness that the body moves', async () => {
  begin((now) => 100 + Math.floor(now / 10), 9 * SLOW_RESPONSE_MS);
  await timers.advance(8 * STALL_MS);
  expect(stalledAt).toBeNull();
});

test('an unknown offset, or one that fell, counts as no byte moved', async () => {
  begin((now) => (now < 6000 ? null : 40));
  await timers.advance(2 * STALL_MS);
  expect(stalledAt).toBe(STALL_MS);
});

test('no HEAD is sent while the body moves, nor after the PATCH', async () => {
  begin(() => 100);
  for (let i = 0; i < 30; i++) {
    await timers.advance(1000);
    watchdog.moved();
  }
  expect(asked).toEqual([]);
  patch.abort();
  watchdog.end();
  await timers.advance(60_000);
  expect([asked, timers.pending(), stalledAt]).toEqual([[], 0, null]);
});

test('the watchdog accepts bytes that moved a while ago, and its time never goes back', async () => {
  watchdog.begin();
  await timers.advance(10_000);
  watchdog.moved(3000);
  expect(watchdog.quietMs()).toBe(3000);
  watchdog.moved(9000);
  expect(watchdog.quietMs()).toBe(3000);
  await timers.advance(STALL_MS - 3001);
  expect(stalledAt).toBeNull();
  await timers.advance(1);
  expect(stalledAt).toBe(22_000);
  watchdog.moved(0);
  expect(watchdog.quietMs()).toBe(0);
});
