/**
 * How long the candidate waits at the gate, beside the ideal sender on the same link, on a clock that the test moves.
 */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { bitsPerSecond, fitQuality } from '../../../client/capture/quality.ts';
import { createMemorySpool } from '../../../client/spool/memory-spool.ts';
import { createUploadQueue } from '../../../client/upload/upload-queue.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';
import { opportunityBytes } from '../../support/network/link-rate.ts';
import { createVirtualLink, idealMs, type VirtualLink } from '../../support/network/virtual-link.ts';

const DELAY_MS = 50;
const SLICE_MS = 500;
/** From the stop to the recorder's last chunk, and from there to the recorded end. */
const RECORDER_MS = 10;

/** The times of the opportunities of a link that carries `kbit(second)` in each second, without an end. */
function linkOf(kbit: (second: number) => number): (n: number) => number {
  const times: number[] = [];
  let second = 0;
  return (n) => {
    for (; times.length <= n; second++) {
      const count = Math.floor((kbit(second) * 1000) / 8 / opportunityBytes);
      for (let i = 0; i < count; i++) times.push(second * 1000 + ((i + 1) * 1000) / count);
    }
    return times[n] as number;
  };
}

interface Gate {
  waitMs: number;
  idealMs: number;
  bytes: number;
  resentShare: number;
  backlogBytes: number;
  quietMs: number;
  link: VirtualLink;
}

/** Records for `lengthMs` at `kbit`, stops, and resolves once the gate is open. */
async function gateOf(options: {
  link: (second: number) => number;
  kbit: number;
  lengthMs: number;
  /** Called after each slice, with its number from 1, and after the end. */
  meanwhile?: (link: VirtualLink, after: number | 'end') => void;
}): Promise<Gate> {
  const timers = createManualTimers();
  const spool = createMemorySpool();
  const opportunityMs = linkOf(options.link);
  const sha256 = async (bytes: number) =>
    createHash('sha256')
      .update(new Uint8Array(await spool.read('take', 0, bytes)))
      .digest('base64');
  const link = createVirtualLink({ timers, opportunityMs, delayMs: DELAY_MS, sha256 });
  let open = false;
  let quietMs = 0;
  const queue = createUploadQueue({
    ...{ spool, timers, folder: 'folder', endpoint: 'http://server/files', token: () => 'secret' },
    ...{ httpStack: link.httpStack, fetch: link.fetch, random: () => 0.5 },
    onEvent: (event) => {
      open ||= event.type === 'gate' && event.gate.kind === 'open';
    },
  });
  const slices: { atMs: number; bytes: number }[] = [];
  const add = async (ms: number) => {
    const bytes = Math.round((options.kbit * ms) / 8);
    slices.push({ atMs: timers.now(), bytes });
    await queue.append('take', new ArrayBuffer(bytes), timers.now());
    await settle();
    options.meanwhile?.(link, slices.length);
  };
  await queue.create({ takeId: 'take', question: 1, mimeType: 'video/webm', startedAt: '2026-01-01' });
  while (timers.now() + SLICE_MS < options.lengthMs) {
    await timers.advance(SLICE_MS);
    await add(SLICE_MS);
  }
  await timers.advance(options.lengthMs - timers.now());
  const stoppedAt = timers.now();
  queue.enterGate('take');
  await timers.advance(RECORDER_MS);
  await add((options.lengthMs % SLICE_MS) + 10);
  await timers.advance(RECORDER_MS);
  await queue.end('take');
  await settle();
  options.meanwhile?.(link, 'end');
  while (!open && timers.now() < stoppedAt + 300_000) {
    await timers.advance(10);
    quietMs = Math.max(quietMs, queue.status().quietMs);
  }
  const { waitMs, backlogBytes } = queue.status().gate[0] ?? { waitMs: Number.NaN, backlogBytes: Number.NaN };
  const bytes = slices.reduce((sum, slice) => sum + slice.bytes, 0);
  queue.close();
  const resentShare = (link.sentBytes() - bytes) / bytes;
  const ideal = idealMs(slices, { opportunityMs, delayMs: DELAY_MS }) - stoppedAt;
  return { waitMs, idealMs: ideal, bytes, resentShare, backlogBytes, quietMs, link };
}

/** A dead spot delays many bytes, which are then sent in one PATCH at 60 kbit/s. */
function fadeWithin(second: number): number {
  if (second < 8 || second >= 45) return 1000;
  return second < 13 ? 0 : second === 13 ? 500 : 60;
}

/** Stops spread over a second, so that each phase between two slices and two PATCHes is tested. */
const LENGTHS_MS = Array.from({ length: 14 }, (_, i) => 20_000 + i * 73);

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

test.each([
  ['a steady 1 Mbit/s', 300, () => 1000],
  ['a link with a third more than the bitrate', 300, () => 400],
  ['4 s of silence just before the stop', 300, (second: number) => (second >= 15 && second < 19 ? 0 : 1000)],
  ['5 s of silence across the stop', 300, (second: number) => (second >= 18 && second < 23 ? 0 : 1000)],
  [
    'rates that change each second',
    600,
    (second: number) => [3000, 200, 900, 60, 4000, 1200, 500][second % 7] as number,
  ],
  ['a fade to 40 kbit/s for 12 s', 280, (second: number) => (second >= 8 && second < 20 ? 40 : 1000)],
  ['a fade in which a PATCH that the kernel buffered whole takes over 15 s', 300, fadeWithin],
])(
  'on %s the wait is at the median less than 0.3 s longer than the ideal sender’s, and no byte is sent twice',
  async (_, kbit, link) => {
    const gates = [];
    for (const lengthMs of LENGTHS_MS) gates.push(await gateOf({ link, kbit, lengthMs }));
    const over = gates.map((gate) => gate.waitMs - gate.idealMs);
    expect(median(over)).toBeLessThan(300);
    expect(Math.max(...over)).toBeLessThan(500);
    expect(Math.min(...over)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...gates.map((gate) => gate.resentShare))).toBe(0);
  },
);

test('on 300 kbit/s, with the quality chosen for that, the backlog at the stop is less than 3 s of recording', async () => {
  const bits = bitsPerSecond(fitQuality(300));
  for (const lengthMs of LENGTHS_MS) {
    const { backlogBytes } = await gateOf({ link: () => 300, kbit: bits / 1000, lengthMs });
    expect((backlogBytes * 8000) / bits, `ms of recording, after ${lengthMs} ms`).toBeLessThan(3000);
  }
});

test('about two PATCHes a second, one creation, one HEAD', async () => {
  const { link, backlogBytes, bytes } = await gateOf({ link: () => 1000, kbit: 300, lengthMs: 20_000 });
  expect(link.requests).toEqual({ 'POST by fetch': 1, HEAD: 1, PATCH: expect.any(Number) });
  expect(link.requests.PATCH).toBeLessThanOrEqual(41);
  expect(backlogBytes).toBeLessThan(bytes / 20);
});

test.each([
  ['in the middle', 20],
  ['right before the stop', 39],
  ['with the last bytes', 'end'],
] as const)('after a connection died silently %s, the gate is open within 20 s', async (_, when) => {
  let died = false;
  const gate = await gateOf({
    link: () => 1000,
    kbit: 300,
    lengthMs: 20_000,
    meanwhile(link, after) {
      if (after === when) died = link.blackhole();
    },
  });
  expect(died).toBe(true);
  expect(gate.waitMs).toBeLessThan(20_000);
  if (when !== 20) expect(gate.quietMs).toBeGreaterThan(14_000);
  expect(gate.resentShare).toBeLessThan(0.1);
});
