import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { giveAnswer, openSession } from '../../../bench/gate/answer.ts';
import type { GateFigures } from '../../../bench/gate/gate-figures.ts';
import { postAnswer } from '../../../bench/gate/multipart.ts';
import { type Candidate, runPhone } from '../../../bench/gate/phone.ts';
import type { Recording } from '../../../bench/gate/slices.ts';
import { DEFAULT_QUALITY } from '../../../client/capture/quality.ts';
import { type Network, openNetwork } from '../../support/network/network.ts';
import { startSession } from '../../support/server/server.ts';
import { useApp } from '../../support/server/use-app.ts';

// Six answers in real time, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const app = useApp({ every: 'test' });
const candidates: Candidate[] = [];
const port = () => Number(new URL(app.url).port);
const rate = { kbit: 4000 };

beforeEach(async () => {
  for (let at = 0; at < 4; at++) candidates.push({ name: 'Anna', token: (await app.token('Anna')).secret });
});

/** A recording that begins as a WebM file does: two slices before the stop, one after it. */
const recording = (seconds: number, sizes = [9000, 8000, 3000]): Recording => ({
  ...{ seconds, stopMs: 210, mimeType: 'video/webm' },
  bytes: sizes.reduce((sum, size) => sum + size, 0),
  slices: sizes.map((size, at) => {
    const data = new Uint8Array(size).fill(at);
    if (at === 0) data.set([0x1a, 0x45, 0xdf, 0xa3]);
    return { atMs: [100, 200, 230][at] ?? 0, data: data.buffer };
  }),
});

const ladder = [{ quality: DEFAULT_QUALITY, recordings: [recording(20), recording(60)] }];

it('gives answer after answer, in a new session when one is full, and the same answers by multipart', async () => {
  const gates: GateFigures[] = [];
  await runPhone({
    ...{ phone: 1, port: port(), rate, delayMs: 20, startMs: 0, answers: 6, seconds: [20, 60], ladder },
    nextCandidate: () => candidates.pop() as Candidate,
    random: () => 0.5,
    onGate: (gate) => gates.push(gate),
  });
  expect(candidates).toEqual([]);
  expect(gates.map(({ seconds }) => seconds).sort()).toEqual([20, 20, 20, 60, 60, 60]);
  for (const gate of gates) {
    expect(gate.shut).toBeNull();
    // At least the link's round trip; and no sender is faster than the ideal one, except for rounding.
    expect(gate.idealMs).toBeGreaterThanOrEqual(40);
    expect(gate.waitMs).toBeGreaterThanOrEqual(gate.idealMs - 2);
    expect(gate.sentBytes).toBeGreaterThan(gate.bytes);
    expect(gate.resentBytes).toBe(0);
    expect(gate.multipart).toMatchObject({ tries: 1 });
    expect(gate.multipart?.waitMs).toBeGreaterThanOrEqual(20 + 40 + (gate.bytes * 8) / 4000 - 10);
    expect(gate.multipart?.sentBytes).toBeGreaterThan(gate.bytes);
    expect(gate.steps?.lastSliceMs).toBeGreaterThanOrEqual(18);
    expect(gate.steps?.lastDataBytes).toBeGreaterThanOrEqual(3000);
    expect(gate.steps?.failed).toBe(0);
  }
});

it('posts the recording over a link that begins at the same position, and counts attempts', async () => {
  const { token, name } = candidates.pop() as Candidate;
  const folder = await startSession(app.url, token, name);
  const answer = recording(20);
  const of = { port: port(), rate, delayMs: 20, startMs: 0, token, folder, question: 2, recording: answer };
  const { waitMs, tries } = await postAnswer({ ...of, lastSliceMs: 9000, limitMs: 20_000 });
  expect(tries).toBe(1);
  expect(waitMs).toBeGreaterThanOrEqual(9000 + 40 + (answer.bytes * 8) / 4000 - 2);
  const placed = readFileSync(join(app.dataDir, 'sessions', folder, 'Q2.webm'));
  expect(placed.equals(Buffer.concat(answer.slices.map(({ data }) => Buffer.from(data))))).toBe(true);

  const moved: Network[] = [];
  const onMoving = (link: Network) => {
    moved.push(link);
    link.blackhole();
  };
  const dead = await postAnswer({ ...of, question: 3, lastSliceMs: 0, limitMs: 400, onMoving });
  expect(moved[0]?.stats.blackholed).toBe(1);
  expect(dead).toMatchObject({ waitMs: null, tries: 1 });
});

/** One answer over a link of its own. */
async function answerOnce(of: Recording, dead: boolean) {
  const { token, name } = candidates.pop() as Candidate;
  const folder = await startSession(app.url, token, name);
  const link = await openNetwork({ to: { host: '127.0.0.1', port: port() }, rate, delayMs: 50 });
  const session = openSession({ link, folder, token, random: () => 0.5 });
  try {
    return await giveAnswer(session, {
      ...{ link, rate, delayMs: 50, startMs: 0, phone: 0, question: 1, recording: of, limitMs: 5000, dead },
      onLastSlice: () => {},
    });
  } finally {
    session.close();
    await link.close();
  }
}

it('returns the reason why a gate stays shut', async () => {
  const wrong = recording(20);
  new Uint8Array(wrong.slices[0]?.data as ArrayBuffer).fill(0, 0, 4);
  const { waitMs, shut } = await answerOnce(wrong, false);
  expect(waitMs).toBeNull();
  expect(shut).toMatch(/^not-a-recording: /);
});

it('refuses to measure a dead connection without a connection', async () => {
  const early = { ...recording(20), stopMs: 0, slices: [] };
  await expect(answerOnce(early, true)).rejects.toThrow('there was no open connection to go dead');
});
