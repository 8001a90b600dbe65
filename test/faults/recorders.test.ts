/**
 * Recorders and devices that fall silent, fail or never stop, drawn from a seed, over the real engine and a real server:
 * every byte that a recorder brought arrives, and no candidate loses much of an answer without a word. A run that fails
 * can be repeated: with `TRESGO_SEED=…` the first run has that seed.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DEFAULT_QUALITY } from '../../client/capture/quality.ts';
import { createAnswering, type Interruption } from '../../client/interview/answering.ts';
import type { SavedProgress } from '../../client/interview/saved-record.ts';
import { createStore } from '../../client/interview/store.ts';
import { startTake, type TakeEnd } from '../../client/interview/take.ts';
import { createUploadQueue } from '../../client/upload/upload-queue.ts';
import { createChance } from '../support/chance.ts';
import { createRandom, scale, seed } from '../support/scale.ts';
import { type AppFixture, useApp } from '../support/server/use-app.ts';
import { openSession, untilArrived } from '../support/tus/tus.ts';
import { type Disorder, drawDisorder } from './recorders/disorders.ts';
import { type Delivered, openDevices, ScriptedRecorder } from './recorders/scripted-recorder.ts';
import { createDevice } from './sending/device.ts';
import { createFastTimers } from './sending/phone.ts';

const RUNS = scale(10, 200);
const SIDE_BY_SIDE = 10;
/**
 * How many times faster than real time the clock of the recorders and of the candidate runs. That of the upload engine does
 * not: a server that takes a second would be one that is silent for 15 s.
 */
const SPEED = 15;
const QUESTIONS = 2;
/** Recorders of a question that may be out of order; the next one works. */
const DISORDERS = 4;
/** This long no byte may move. */
const STILL_MS = 60_000;

beforeEach(() => {
  vi.stubGlobal('MediaRecorder', ScriptedRecorder);
  vi.stubGlobal('window', globalThis);
});
afterEach(() => vi.unstubAllGlobals());
const app = useApp();

/** A page whose candidate answers by herself; `story` tells what happened, for a failure's message. */
function openPage({ token, folder }: { token: string; folder: string }, of: number) {
  const chance = createChance(createRandom(of));
  const timers = createFastTimers(SPEED);
  const device = createDevice();
  const life = device.live();
  const story: string[] = [];
  const ends: Array<{ end: TakeEnd; why: Interruption | null }> = [];
  const dropped = new Set<string>();
  const delivered: Delivered[] = [];
  const queue = createUploadQueue({
    ...{ spool: life.spool, folder, endpoint: `${app.url}/files`, token: () => token },
    onEvent: (event) => event.type === 'refused' && story.push(`refused ${event.code}`),
  });
  const store = createStore();
  const questions = Array.from({ length: QUESTIONS }, (_, at) => {
    return { index: at + 1, text: '?', thinkSeconds: 0, maxSeconds: 60, maxTakes: 1 };
  });
  store.dispatch({ type: 'loaded', title: '', gate: 'end', questions, maxBytes: null, answered: [] });
  store.subscribe(({ alert }, before) => alert && alert !== before.alert && story.push(`says ${alert.code}`));
  let saved: SavedProgress = {};
  let disorders = 0;
  function disorder(): Disorder {
    const drawn: Disorder = disorders++ < DISORDERS ? drawDisorder(chance) : { name: 'none' };
    story.push(JSON.stringify(drawn));
    return drawn;
  }
  let stream: MediaStream | null = null;
  const answering = createAnswering({
    store,
    savedRecord: { set() {}, load: () => saved, save: (change) => (saved = { ...saved, ...change }) },
    queue: {
      ...queue,
      ready: async () => {},
      drop(takeId) {
        dropped.add(takeId);
        return queue.drop(takeId);
      },
    },
    preview: {
      async open() {
        const works = stream?.getTracks().every(({ readyState }) => readyState === 'live');
        if (!works) stream = openDevices({ chance, timers, disorder, delivered });
        return stream as MediaStream;
      },
      close() {
        stream = null;
      },
    },
    quality: () => DEFAULT_QUALITY,
    onBegin() {},
    onTrouble: (trouble) => story.push(trouble),
    onStop: (takeId) => queue.enterGate(takeId),
    onEnd(end, why) {
      story.push(`${end.reason}: ${end.recordedMs} of ${end.spokenMs} ms, ${why?.cause ?? 'counts'}`);
      ends.push({ end, why });
      void queue.end(end.takeId);
    },
    begin: (options) => startTake({ ...options, timers }),
    timers,
  });
  const pause = (ms: number) => new Promise<void>((resolve) => timers.set(resolve, ms));

  /** Answers one question, and decides on takes that were cut. */
  async function answer(question: number): Promise<void> {
    disorders = 0;
    for (let attempt = 0; ; attempt++) {
      if (attempt > 20) throw new Error('the question can’t be answered');
      const before = ends.length;
      void answering.record();
      // Behind the countdown of 3 s.
      const speaks = chance.int(4000, 15_000);
      const asked = () => store.get().phase.name === 'requesting' && answering.isRecording() === false;
      for (let passed = 0; ends.length === before; passed += 100) {
        await pause(100);
        if (passed > speaks) answering.end();
        if (passed > 500 && asked()) break;
        if (passed > 120_000) throw new Error(`nothing ends: ${JSON.stringify(store.get().phase)}`);
      }
      const last = ends.at(-1);
      if (ends.length === before || !last) continue; // "Try again"
      const { takeId, recordedMs } = last.end;
      const again = last.why !== null && chance.is(0.5);
      if (last.why !== null) {
        const { cause } = last.why;
        store.dispatch({
          type: 'recovered',
          question,
          takeId,
          recordedMs,
          cause,
          takesLeft: 0,
          gate: { kind: 'uploading' },
        });
        store.dispatch({ type: again ? 'again' : 'keep' });
      }
      if (again) continue;
      store.dispatch({ type: 'kept-whole', question });
      return;
    }
  }

  return { ...{ answer, queue, device, delivered, dropped, ends, story, folder }, close: () => queue.close() };
}

type Page = ReturnType<typeof openPage>;

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function check({ device, delivered, dropped, ends, folder }: Page, { dataDir }: AppFixture): Promise<number> {
  const kept = device.kept.map(({ takeId, chunks }) => {
    return { takeId, bytes: Buffer.concat(chunks.map((chunk) => new Uint8Array(chunk))) };
  });
  expect(
    kept.map(({ bytes }) => bytes.length),
    'what the recorders brought is what the device kept',
  ).toEqual(delivered.map(({ bytes }) => Buffer.concat(bytes).length));
  for (const [at, { takeId, bytes }] of kept.entries()) {
    const { mediaMs, bytes: brought } = delivered[at] as Delivered;
    expect(bytes.equals(Buffer.concat(brought))).toBe(true);
    if (dropped.has(takeId)) expect(mediaMs, 'what is dropped has neither sound nor picture').toBe(0);
    const ended = ends.find(({ end }) => end.takeId === takeId);
    if (ended && ended.end.spokenMs - mediaMs > 3600) expect(ended.why, 'what is missing is said').not.toBeNull();
  }
  const session = path.join(dataDir, 'sessions', folder);
  const names = (await readdir(session, { recursive: true })).filter((name) => /\.(webm|mp4)$/.test(name));
  const files = await Promise.all(names.map(async (name) => sha256(await readFile(path.join(session, name)))));
  const expected = kept.filter(({ takeId }) => !dropped.has(takeId)).map(({ bytes }) => sha256(bytes));
  expect(files.sort(), 'every take that the device held has arrived').toEqual(expected.sort());
  return expected.length;
}

async function run(of: number): Promise<{ takes: number; story: string[] }> {
  const page = openPage(await openSession(app), of);
  try {
    for (let question = 1; question <= QUESTIONS; question++) await page.answer(question);
    const { unsent, status } = page.queue;
    const acknowledged = () => status().takes.map(({ ackedBytes }) => ackedBytes);
    await untilArrived(() => unsent().length === 0, acknowledged, STILL_MS);
    return { takes: await check(page, app), story: page.story };
  } catch (error) {
    throw new Error(`TRESGO_SEED=${of}: ${error}\n  ${page.story.join('\n  ')}`, { cause: error });
  } finally {
    page.close();
  }
}

test(`${RUNS} runs of recorders out of order: every byte that the device held arrives`, {
  timeout: RUNS * 30_000,
}, async () => {
  console.log(`recorders: TRESGO_SEED=${seed}`);
  const random = createRandom();
  const seeds = [seed, ...Array.from({ length: RUNS - 1 }, () => Math.floor(random() * 2 ** 31))];
  const totals = { runs: 0, takes: 0, told: {} as Record<string, number> };
  const failures: string[] = [];
  const worker = async () => {
    for (let next = seeds.shift(); next !== undefined; next = seeds.shift()) {
      try {
        const { takes, story } = await run(next);
        totals.runs += 1;
        totals.takes += takes;
        for (const line of story)
          if (line.startsWith('says ')) totals.told[line.slice(5)] = (totals.told[line.slice(5)] ?? 0) + 1;
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  console.log(`recorders: ${JSON.stringify(totals)}`);
  expect(failures.join('\n\n')).toBe('');
});
