/** Loads that follow a clock, whether or not the server keeps up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../test/support/scale.ts';
import { type Contender, eachOf } from './contender.ts';
import { type Figures, percentile } from './figures.ts';
import { LIVE_BYTES, piece } from './loads.ts';
import { cpuBetween, readCpu } from './process-figures.ts';
import { patch, type Upload } from './upload.ts';

/** Live recordings at the same time. */
export const RECORDINGS = 500;
const EVERY_MS = 1_000;
const WARM_UP_MS = 2_000;
/** Time after its end at which a load gives up the requests that a slow server has not served, in ms. */
const GIVE_UP_MS = 5_000;

/** One request of a clocked load; times of `performance.now()`. */
interface Turn {
  dueMs: number;
  /** Lateness of the generator itself; 0 where it still waited for the response before. */
  lagMs: number;
  doneMs: number;
  /** Whether it was sent before the load was given up, at `doneMs`. */
  sent: boolean;
}

/**
 * Sends at `firstMs` and every `everyMs` after it, one request at a time. A request that is due before the last response is
 * sent right after that response, and its time counts from when it was due: a slow server can't hide its slowness.
 */
export async function pace(
  { firstMs, everyMs, untilMs }: { firstMs: number; everyMs: number; untilMs: number },
  send: () => Promise<unknown>,
): Promise<Turn[]> {
  const turns: Turn[] = [];
  for (let dueMs = firstMs; dueMs < untilMs; dueMs += everyMs) {
    const freeMs = performance.now();
    if (freeMs < dueMs) await sleep(Math.ceil(dueMs - freeMs));
    else if (freeMs > untilMs + GIVE_UP_MS) {
      turns.push({ dueMs, lagMs: 0, doneMs: freeMs, sent: false });
      continue;
    }
    const lagMs = freeMs < dueMs ? Math.max(0, performance.now() - dueMs) : 0;
    await send();
    turns.push({ dueMs, lagMs, doneMs: performance.now(), sent: true });
  }
  return turns;
}

/**
 * 500 recordings unless given: each sends a PATCH of 64 KiB per second at its own phase, on its own connection, for its own
 * candidate. The time of a PATCH counts from when it was due to its 204.
 */
export async function measureLive(
  contender: Contender,
  { seconds, seed, recordings: count = RECORDINGS }: { seconds: number; seed: number; recordings?: number },
): Promise<Figures> {
  const body = piece(LIVE_BYTES);
  const random = createRandom(seed);
  const uploads = await contender.createUploads(count, 1);
  const connections = await Promise.all(uploads.map(() => contender.connect()));
  const startMs = performance.now() + 100;
  const fromMs = startMs + WARM_UP_MS;
  const untilMs = fromMs + seconds * 1000;
  const turns: Turn[] = [];
  const recordings = eachOf(count, async (at) => {
    const [upload, connection] = [uploads[at] as Upload, connections[at]];
    const send = async () => connection && (await patch(connection, upload, body));
    turns.push(...(await pace({ firstMs: startMs + random() * EVERY_MS, everyMs: EVERY_MS, untilMs }, send)));
  });
  await sleep(fromMs - performance.now());
  const before = { server: readCpu(contender.pid), generator: process.cpuUsage() };
  await sleep(untilMs - performance.now());
  const { totalMs } = cpuBetween(before.server, readCpu(contender.pid));
  const generator = process.cpuUsage(before.generator);
  await recordings;
  for (const connection of connections) connection.close();

  const counted = turns.filter(({ dueMs }) => dueMs >= fromMs);
  const latenciesMs = counted.map(({ dueMs, doneMs }) => doneMs - dueMs);
  return {
    patchesPerSecond: turns.filter(({ sent, doneMs }) => sent && doneMs >= fromMs && doneMs < untilMs).length / seconds,
    p50Ms: percentile(latenciesMs, 50),
    p99Ms: percentile(latenciesMs, 99),
    cpuPercent: totalMs / seconds / 10,
    generatorCpuPercent: (generator.user + generator.system) / 1000 / seconds / 10,
    generatorLagP99Ms: percentile(
      counted.map(({ lagMs }) => lagMs),
      99,
    ),
  };
}
