/**
 * Whether copies and transcripts disturb recordings: the time of a PATCH at 100 live recordings, with and without four remux
 * jobs and a transcription, in alternate rounds on the same server. And the time that ffmpeg and the speech engine need, as
 * a share of an answer's length. Linux only: it reads /proc.
 */
import { rm } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { toTable } from '../server/cli/table.ts';
import { openStorage, type Storage } from '../storage/index.ts';
import type { Job } from '../storage/types.ts';
import { tresgo } from '../test/support/server/server.ts';
import { buildWhisper } from '../test/support/speech/whisper.ts';
import { makeAnswer, sendAnswer } from './media/answer.ts';
import { type Contender, createCandidates, type Leftovers, openContender } from './server/contender.ts';
import { type Figures, ratioSpread, spreadOf } from './server/figures.ts';
import { measureLive } from './server/live.ts';

const USAGE = `npm run bench:media -- [options]
  --rounds N    with and without jobs, in turns (5)
  --seconds N   that the live recordings are measured for in each (10)
  --minutes N   length of the answers that the jobs work on (5)
  --model FILE  a model of whisper.cpp (the tests' own, which says little about the engine's share of real time)
  --json        one JSON document on standard output
  --help        this
`;
const RECORDINGS = 100;
const COPIES = 4;
/** Allowed growth of the 99th percentile. */
const GOAL = 1.5;
const tell = (text: string): void => void process.stderr.write(`${text}\n`);

interface Round {
  idle: Figures;
  busy: Figures;
  /** Jobs that ended during the measurement with jobs. */
  copies: number;
  transcripts: number;
}

/** Runs the bench and prints its report. Returns the exit status. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '10' },
      minutes: { type: 'string', default: '5' },
      model: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [rounds, seconds, minutes] = [values.rounds, values.seconds, values.minutes].map(Number);
  if (values.help || !rounds || !seconds || !minutes) {
    tell(USAGE);
    return values.help ? 0 : 2;
  }
  await tresgo(['--help']);
  tell('whisper.cpp and an answer to work on …');
  const whisper = await buildWhisper();
  const answer = await makeAnswer(minutes * 60);
  const leftovers: Leftovers = new Set();
  process.on('exit', () => {
    for (const clear of leftovers) clear();
  });
  const contender = await openContender('ours', leftovers, {
    env: {
      PATH: `${path.dirname(whisper.cli)}:${process.env.PATH}`,
      TRESGO_TRANSCRIBE: 'whisper-cli',
      TRESGO_WHISPER_MODEL: values.model ?? whisper.plumbingModel,
    },
  });
  const storage = await openStorage({ dataDir: contender.folder });
  try {
    const shares = await prepare(contender, storage, answer, minutes * 60);
    const measured: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      tell(`round ${round} of ${rounds} …`);
      measured.push(await measure(contender, storage, seconds, round));
    }
    const p99 = (which: 'idle' | 'busy') => measured.map((one) => one[which].p99Ms as number);
    const ratio = ratioSpread(p99('busy'), p99('idle'));
    const report = { machine: machine(), rounds: measured, ratio, goal: GOAL, shares };
    process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : toText(measured, ratio, shares));
    return 0;
  } finally {
    await storage.close();
    await contender.stop();
    await rm(answer, { force: true });
  }
}

const machine = () => ({ cpus: availableParallelism(), cpu: cpus()[0]?.model ?? '', node: process.version });

interface Shares {
  ffmpeg: number;
  engine: number;
}

/** Sends answers for the jobs; measures the time of each kind of job as a share of their length, one job at a time on an idle machine. */
async function prepare(contender: Contender, storage: Storage, answer: string, seconds: number): Promise<Shares> {
  const url = `http://127.0.0.1:${contender.port}`;
  const candidates = await createCandidates(url, contender.folder, COPIES);
  for (const candidate of candidates) await sendAnswer(url, candidate, answer);
  await settled(storage);
  const [takeId] = (await storage.jobs.list()).map((job) => job.takeId);
  const timed = async (kind: Job['kind']) => {
    await storage.jobs.queue(kind, takeId as string);
    await waitFor(storage, ({ state }) => state === 'running');
    const startedMs = performance.now();
    await settled(storage);
    return (performance.now() - startedMs) / 1_000 / seconds;
  };
  return { ffmpeg: await timed('remux'), engine: await timed('transcribe') };
}

async function waitFor(storage: Storage, is: (job: Job) => boolean): Promise<void> {
  while (!(await storage.jobs.list()).some(is)) await sleep(10);
}

async function settled(storage: Storage): Promise<void> {
  for (;;) {
    const jobs = await storage.jobs.list();
    const dead = jobs.find(({ state, reason }) => state !== 'done' && reason !== null);
    if (dead) throw new Error(`job ${dead.kind}: ${dead.reason}`);
    if (jobs.length > 0 && jobs.every(({ state }) => state === 'done')) return;
    await sleep(10);
  }
}

async function measure(contender: Contender, storage: Storage, seconds: number, seed: number): Promise<Round> {
  const live = () => measureLive(contender, { seconds, seed, recordings: RECORDINGS });
  const idle = await live();
  let on = true;
  const ended = { remux: 0, transcribe: 0 };
  // Four copies and a transcript all the time: a finished job is queued again.
  const keepBusy = async () => {
    const jobs = await storage.jobs.list();
    const transcript = jobs.find(({ kind }) => kind === 'transcribe');
    const chosen = jobs.filter((job) => job.kind === 'remux' || job === transcript);
    for (const { kind, takeId } of chosen) await storage.jobs.queue(kind, takeId);
    while (on) {
      await sleep(50);
      for (const { id, kind, takeId } of chosen) {
        if ((await storage.jobs.get(id))?.state !== 'done') continue;
        ended[kind] += 1;
        await storage.jobs.queue(kind, takeId);
      }
    }
  };
  const jobs = keepBusy();
  const busy = await live();
  on = false;
  await jobs;
  await settled(storage);
  return { idle, busy, copies: ended.remux, transcripts: ended.transcribe };
}

function toText(rounds: Round[], ratio: ReturnType<typeof ratioSpread>, shares: Shares): string {
  const ms = (value: number | undefined) => Number((value ?? Number.NaN).toFixed(1));
  const rows = rounds.map(({ idle, busy, copies, transcripts }, at) => ({
    round: at + 1,
    'p50 (ms)': ms(idle.p50Ms),
    'with jobs': ms(busy.p50Ms),
    'p99 (ms)': ms(idle.p99Ms),
    'p99 with jobs': ms(busy.p99Ms),
    copies,
    transcripts,
  }));
  const p99 = spreadOf(rounds.map(({ busy }) => busy.p99Ms as number));
  const verdict = ratio.median <= GOAL ? 'met' : 'not met';
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return [
    `${RECORDINGS} recordings, a PATCH of 64 KiB a second each; ${COPIES} remux jobs and a transcription all the while`,
    '',
    toTable(rows),
    '',
    `p99 with jobs: ${p99.median.toFixed(1)} ms, ${ratio.median.toFixed(2)} times that without (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}); the goal of ${GOAL} is ${verdict}`,
    `alone: a copy takes ${percent(shares.ffmpeg)} of the answer’s length, a transcript ${percent(shares.engine)}`,
    '',
  ].join('\n');
}
