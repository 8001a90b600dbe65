/**
 * Sound that goes ahead on slow uplinks: how long after the stop all sound of an answer is safe at the server, and until its gate
 * opens. The page's engine in Node gets the bytes of the lowest quality as a recorder delivers them; each answer on a link of its
 * own, with and without, all at the same time. Usage: npm run bench:voice [-- --help]
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bitsPerSecond, LADDER, SOUND_AHEAD_BITS_PER_SECOND } from '../client/capture/quality.ts';
import { TIMESLICE_MS } from '../client/capture/recorder.ts';
import { SOUND_TIMESLICE_MS } from '../client/interview/sound-ahead.ts';
import { toTable } from '../server/cli/table.ts';
import { openNetwork } from '../test/support/network/network.ts';
import { createToken } from '../test/support/server/candidate.ts';
import { spawnServer, startSession, type TestServer, temporaryFolder, tresgo } from '../test/support/server/server.ts';
import { recording } from '../test/support/tus/tus.ts';
import { openSession } from './gate/answer.ts';
import { spreadOf } from './server/figures.ts';

const USAGE = `npm run bench:voice -- [options]
  --kbit LIST    uplinks in kbit/s (default 64,128,256)
  --answers N    answers for each uplink, with and without (default 5)
  --seconds N    length of an answer (default 30)
  --delay MS     one way (default 40)`;
const NAME = 'Bench Candidate';
/** How often the session's folder is looked at, in ms. */
const LOOK_MS = 50;
/** The longest wait for a gate, in ms. */
const LIMIT_MS = 600_000;

interface Run {
  server: TestServer;
  kbit: number;
  delayMs: number;
  seconds: number;
  ahead: boolean;
}

/** In ms after the stop. */
interface Waits {
  /** The file of the sound that goes ahead is placed, or else the answer. */
  soundMs: number;
  gateMs: number;
}

/** Runs the bench and prints its report. Returns the exit status: 0 for any measurement, 2 for a wrong command line. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      kbit: { type: 'string', default: '64,128,256' },
      answers: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '30' },
      delay: { type: 'string', default: '40' },
      help: { type: 'boolean', default: false },
    },
  });
  const rates = values.kbit.split(',').map(Number);
  const [answers, seconds, delayMs] = [Number(values.answers), Number(values.seconds), Number(values.delay)];
  const right = [...rates, answers, seconds].every((number) => number > 0) && delayMs >= 0;
  if (values.help || !right) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  // Build an outdated dist/ now, not during a measurement.
  await tresgo(['--help']);
  const folder = await temporaryFolder();
  const server = await spawnServer({ dataDir: folder.path });
  try {
    const runs = rates.flatMap((kbit) => [true, false].map((ahead) => ({ server, kbit, delayMs, seconds, ahead })));
    const rows = runs.map(async (run) => {
      const waits = await Promise.all(Array.from({ length: answers }, () => giveAnswer(run)));
      return {
        'uplink, kbit/s': run.kbit,
        'sound ahead': run.ahead ? 'yes' : 'no',
        'all sound safe, s': spread(waits.map(({ soundMs }) => soundMs)),
        'gate, s': spread(waits.map(({ gateMs }) => gateMs)),
      };
    });
    const head = `${answers} answers of ${seconds} s in each row; after the stop: median (least–most)`;
    process.stdout.write(`${head}\n\n${toTable(await Promise.all(rows))}\n`);
  } finally {
    await server.stop();
    await folder.remove();
  }
  return 0;
}

function spread(ms: readonly number[]): string {
  const { median, min, max } = spreadOf(ms);
  const [middle, least, most] = [median, min, max].map((each) => (each / 1000).toFixed(1));
  return `${middle} (${least}–${most})`;
}

/** Gives one answer in real time, in a session and on a link of its own. @throws Error where it is not safe within `LIMIT_MS` */
async function giveAnswer({ server, kbit, delayMs, seconds, ahead }: Run): Promise<Waits> {
  const { secret: token } = await createToken(server.dataDir, NAME);
  const link = await openNetwork({ to: { host: '127.0.0.1', port: server.port }, rate: { kbit }, delayMs });
  const folder = await startSession(link.url, token, NAME);
  const { sender, opened, close } = openSession({ link, folder, token, random: Math.random });
  try {
    const takeId = crypto.randomUUID();
    const startedAt = new Date().toISOString();
    await sender.create({ takeId, question: 1, mimeType: 'video/webm', startedAt });
    const sound = ahead ? sender.beginSound({ aheadOf: takeId, question: 1, mimeType: 'audio/webm', startedAt }) : null;
    const gate = opened(takeId, LIMIT_MS);
    const bits = bitsPerSecond(LADDER[0] as (typeof LADDER)[0]) - (ahead ? SOUND_AHEAD_BITS_PER_SECOND : 0);

    const began = performance.now();
    const stopAt = seconds * 1000;
    // A candidate stops at any point of a slice.
    const record = async (
      sliceMs: number,
      rate: number,
      keep: (data: ArrayBuffer, atMs: number) => Promise<unknown>,
    ) => {
      for (let fromMs = 0; fromMs < stopAt; fromMs += sliceMs) {
        const atMs = Math.min(fromMs + sliceMs, stopAt);
        await sleep(Math.max(0, began + atMs - performance.now()));
        if (atMs === stopAt) sender.enterGate(takeId);
        if (atMs === stopAt) sound?.expectEnd();
        const bytes = recording(Math.round(((atMs - fromMs) * rate) / 8000));
        await keep(new Uint8Array(bytes).buffer, atMs);
      }
    };
    await Promise.all([
      record(TIMESLICE_MS, bits, (data, atMs) => sender.append(takeId, data, atMs)).then(() => sender.end(takeId)),
      sound &&
        record(SOUND_TIMESLICE_MS, SOUND_AHEAD_BITS_PER_SECOND, (data, atMs) =>
          sound.append(data, atMs).catch(() => {}),
        ).then(sound.end),
    ]);
    const safe = untilSafe(path.join(server.dataDir, 'sessions', folder));
    const shut = await gate;
    if (shut !== null) throw new Error(`a gate stayed shut: ${shut}`);
    const gateMs = sender.status().gate[0]?.waitMs ?? Number.NaN;
    return { soundMs: (await safe) - began - stopAt, gateMs };
  } finally {
    close();
    await link.close();
  }
}

/** Resolves to the time at which the session has a whole answer, or whole sound that went ahead. */
async function untilSafe(session: string): Promise<number> {
  for (const since = performance.now(); performance.now() - since < LIMIT_MS; await sleep(LOOK_MS)) {
    const files = await readdir(session, { recursive: true });
    if (files.some((file) => /^(Q1|takes.Q1-\d+\.voice)\.webm$/.test(file))) return performance.now();
  }
  throw new Error('the sound of an answer did not become safe');
}
