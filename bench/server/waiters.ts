/** The cost of clients that wait for an upload: one stalled writer, and 100 waiters behind it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openConnection, type RawConnection } from '../../test/support/tus/raw-connection.ts';
import { type Contender, eachOf } from './contender.ts';
import { type Figures, percentile } from './figures.ts';
import { pace } from './live.ts';
import { atRest, LIVE_BYTES, piece } from './loads.ts';
import { cpuBetween, readCpu } from './process-figures.ts';
import { patch, patchHead, requestHead, type Upload } from './upload.ts';

/** Clients that wait for the upload. */
export const WAITERS = 100;
/** Interval of the unrelated requests, in ms. */
export const PROBE_EVERY_MS = 10;
/** Length of a measurement, in ms: longer than stock's 3 s for a hand-over. */
export const WINDOW_MS = 4_000;
/** The wait that `Retry-After: 1` asks of a client, in ms. */
const COME_BACK_MS = 1_000;
const WARM_UP = 200;

interface Window {
  p95Ms: number;
  cpuPercent: number;
}

/**
 * Measures unrelated HEAD requests on an idle server; while 100 clients wait for an upload that a stalled writer holds
 * (`burst`: each comes once); and while each of them returns 1 s after a response or a cut (`pressure`).
 */
export async function measureWaiters(contender: Contender): Promise<Figures> {
  const [[probed], contested] = [await contender.createUploads(1, 1), await contender.createUploads(2, 2)];
  const prober = await contender.connect();
  const probe = () => prober.expect(200, requestHead('HEAD', probed as Upload));
  for (let turn = 0; turn < WARM_UP; turn++) await probe();

  const idle = await watch(contender.pid, probe);
  const burst = await contend(contender, contested[0] as Upload, probe, null);
  const pressure = await contend(contender, contested[1] as Upload, probe, COME_BACK_MS);
  prober.close();
  return {
    idleP95Ms: idle.p95Ms,
    idleCpuPercent: idle.cpuPercent,
    burstP95Ms: burst.p95Ms,
    burstP95Ratio: burst.p95Ms / idle.p95Ms,
    burstCpuPercent: burst.cpuPercent - idle.cpuPercent,
    burstCpuMs: (burst.cpuPercent - idle.cpuPercent) * (WINDOW_MS / 100),
    burstAnswered: burst.answered,
    burstLastAnswerMs: burst.lastAnswerMs,
    pressureP95Ms: pressure.p95Ms,
    pressureP95Ratio: pressure.p95Ms / idle.p95Ms,
    pressureCpuPercent: pressure.cpuPercent - idle.cpuPercent,
    pressureAnswersPerSecond: pressure.answered / (WINDOW_MS / 1000),
    pressureCpuMsPerAnswer: ((pressure.cpuPercent - idle.cpuPercent) * (WINDOW_MS / 100)) / pressure.answered,
  };
}

async function watch(pid: number, probe: () => Promise<unknown>): Promise<Window> {
  const before = readCpu(pid);
  const firstMs = performance.now();
  const turns = await pace({ firstMs, everyMs: PROBE_EVERY_MS, untilMs: firstMs + WINDOW_MS }, probe);
  // The time is longer than the window where the server is far behind.
  const cpuPercent = (cpuBetween(before, readCpu(pid)).totalMs / (performance.now() - firstMs)) * 100;
  // The generator's timers are up to 1 ms late, which would hide the server's latency.
  const latenciesMs = turns.map(({ dueMs, lagMs, doneMs }) => doneMs - dueMs - lagMs);
  return { p95Ms: percentile(latenciesMs, 95), cpuPercent };
}

/** @param comeBackMs time after a response or a cut at which a waiter returns; null: never */
async function contend(
  contender: Contender,
  upload: Upload,
  probe: () => Promise<unknown>,
  comeBackMs: number | null,
): Promise<Window & { answered: number; lastAnswerMs: number }> {
  const open = new Set<RawConnection>();
  const connect = async () => {
    const connection = await openConnection(contender.port);
    open.add(connection);
    return connection;
  };
  const body = piece(LIVE_BYTES);
  const writer = await connect();
  await patch(writer, upload, body);
  writer.request(patchHead(upload, LIVE_BYTES), body.subarray(0, 1024)).catch(() => {});
  await atRest(contender.pid);
  // The writer's bytes are kept when its PATCH is ended, and the waiters send none: so each of them in turn has the right
  // offset and becomes a stalled writer itself, and the chain is as long as possible.
  upload.offset += 1024;

  let [answered, lastAnswerMs, over] = [0, 0, false];
  const startMs = performance.now();
  const wait = async () => {
    const connection = await connect();
    if (over) return connection.close();
    await connection.request(patchHead(upload, LIVE_BYTES)).catch(() => {});
    if (over) return;
    answered++;
    lastAnswerMs = performance.now() - startMs;
    connection.close();
    open.delete(connection);
  };
  const waiting = eachOf(WAITERS, async () => {
    do {
      await wait();
      if (comeBackMs !== null && !over) await sleep(comeBackMs);
    } while (comeBackMs !== null && !over);
  });
  const window = await watch(contender.pid, probe);
  over = true;
  for (const connection of open) connection.close();
  await waiting;
  await atRest(contender.pid);
  return { ...window, answered, lastAnswerMs };
}
