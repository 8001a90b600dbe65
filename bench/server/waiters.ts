/** What those who wait for an upload cost everybody else: one stalled writer, 100 behind it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, openConnection, patch, patchHead, requestHead, type Upload } from './connection.ts';
import { type Contender, eachOf } from './contender.ts';
import { type Figures, percentile } from './figures.ts';
import { pace } from './live.ts';
import { atRest, LIVE_BYTES, piece } from './loads.ts';
import { cpuBetween, readCpu } from './process-figures.ts';

export const WAITERS = 100;
/** Those who ask for something else, one after the other, so often. */
export const PROBE_EVERY_MS = 10;
/** Longer than stock's 3 s for a hand-over. */
export const WINDOW_MS = 4_000;
/** What `Retry-After: 1` asks of a client. */
const COME_BACK_MS = 1_000;
const WARM_UP = 200;

interface Window {
  p95Ms: number;
  cpuPercent: number;
}

/**
 * Unrelated HEAD requests while nothing else happens; while 100 wait for an upload that a stalled writer holds
 * (`burst`: they come once); and while whoever of them was answered or cut comes back after 1 s (`pressure`).
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
  // Longer than the window where the server is far behind.
  const cpuPercent = (cpuBetween(before, readCpu(pid)).totalMs / (performance.now() - firstMs)) * 100;
  // The generator's timers are late by up to 1 ms, which would hide what the server does.
  const latenciesMs = turns.map(({ dueMs, lagMs, doneMs }) => doneMs - dueMs - lagMs);
  return { p95Ms: percentile(latenciesMs, 95), cpuPercent };
}

/** @param comeBackMs after an answer or a cut; null: never */
async function contend(
  contender: Contender,
  upload: Upload,
  probe: () => Promise<unknown>,
  comeBackMs: number | null,
): Promise<Window & { answered: number; lastAnswerMs: number }> {
  const open = new Set<Connection>();
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
  // The writer's bytes are kept when it is made to end, and the waiters bring none: so each of them, in its turn, has the
  // right offset and becomes a stalled writer itself, and the chain is as long as it can be.
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
