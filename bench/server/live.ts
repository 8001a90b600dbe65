/** Loads that keep to a clock, whether the server keeps up or not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../test/support/scale.ts';
import { patch, type Upload } from './connection.ts';
import { type Contender, eachOf } from './contender.ts';
import { type Figures, percentile } from './figures.ts';
import { LIVE_BYTES, piece } from './loads.ts';
import { cpuBetween, readCpu } from './process-figures.ts';

export const RECORDINGS = 500;
const EVERY_MS = 1_000;
const WARM_UP_MS = 2_000;
/** So long after its end a load gives up what a slow server has left of it. */
const GIVE_UP_MS = 5_000;

/** One turn of a clocked load; all of `performance.now()`. */
export interface Turn {
  dueMs: number;
  /** How late the generator itself woke; 0 where it still waited for the answer before. */
  lagMs: number;
  doneMs: number;
  /** Whether it was sent at all before the load was given up, at `doneMs`. */
  sent: boolean;
}

/**
 * Sends at `firstMs` and every `everyMs` after it, one at a time. A turn that comes due before the last one's answer is
 * sent right after it, and has been waiting since it was due: a slow server can't hide behind its own slowness.
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
 * So many recordings (500), each a PATCH of 64 KiB a second at its own phase, on its own connection, by its own candidate. The
 * time of each runs from when it was due to its 204.
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
