/** The loads with an end: many small PATCHes, one large one, and many uploads at rest. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, patch, patchHead, type Upload } from './connection.ts';
import { type Contender, eachOf, MAX_PER_CANDIDATE } from './contender.ts';
import type { Figures } from './figures.ts';
import { type CpuTime, cpuBetween, readCpu, readMemory } from './process-figures.ts';

/** Of the loads of small PATCHes: each connection serves two uploads in turn. */
export const CONNECTIONS = 4;
export const UPLOADS = 8;
export const LARGE_BYTES = 200_000_000;
export const LIVE_BYTES = 65_536;
export const AT_REST = 1_000;

const LARGE_WARM_UP_BYTES = 20_000_000;
const MB = 1e6;

/** Bytes that pass for a piece of a recording: the magic of EBML, then noise. */
export function piece(bytes: number): Buffer {
  const noise = randomBytes(bytes);
  noise.writeUInt32BE(0x1a45dfa3, 0);
  return noise;
}

export interface PatchLoadSize {
  /** Of each PATCH. */
  bytes: number;
  /** PATCHes that are not counted: a server that has just started is still being compiled. */
  warmUp: number;
  count: number;
}

export interface PatchLoad {
  /** So many PATCHes, one after the other on each connection. */
  run(count: number): Promise<void>;
  close(): void;
}

/** Opens the connections and uploads of a load of PATCHes of one size. */
export async function openPatchLoad(contender: Contender, bytes: number): Promise<PatchLoad> {
  const body = piece(bytes);
  const uploads = await contender.createUploads(UPLOADS, UPLOADS / 2);
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => contender.connect()));
  return {
    async run(count) {
      let left = count;
      await eachOf(CONNECTIONS, async (at) => {
        for (let turn = at; left > 0; turn = (turn + CONNECTIONS) % UPLOADS) {
          left--;
          await patch(connections[at] as Connection, uploads[turn] as Upload, body);
        }
      });
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
}

/** What one PATCH costs the contender, once it is warm. */
export async function measureCpu(contender: Contender, { bytes, warmUp, count }: PatchLoadSize): Promise<Figures> {
  const load = await openPatchLoad(contender, bytes);
  await load.run(warmUp);
  const before = readCpu(contender.pid);
  const startedMs = performance.now();
  await load.run(count);
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = cpuBetween(before, readCpu(contender.pid));
  load.close();
  return { ...cpuFigures(cpu, count), patchesPerSecond: count / seconds };
}

/** CPU for each of so many PATCHes. */
export function cpuFigures(cpu: CpuTime, count: number): Figures {
  return {
    cpuMs: cpu.totalMs / count,
    userMs: cpu.userMs / count,
    systemMs: cpu.systemMs / count,
    mainThreadMs: cpu.mainThreadMs / count,
  };
}

/** One PATCH of 200 MB out of memory, from its first byte to its 204. */
export async function measureLarge(contender: Contender): Promise<Figures> {
  const chunk = piece(MB);
  const [warmUp, large] = (await contender.createUploads(2, 2)) as [Upload, Upload];
  const connection = await contender.connect();
  await patch(connection, warmUp, ...Array<Buffer>(LARGE_WARM_UP_BYTES / MB).fill(chunk));
  const before = readCpu(contender.pid);
  const startedMs = performance.now();
  await patch(connection, large, ...Array<Buffer>(LARGE_BYTES / MB).fill(chunk));
  const seconds = (performance.now() - startedMs) / 1000;
  const { totalMs } = cpuBetween(before, readCpu(contender.pid));
  connection.close();
  return { mbPerSecond: LARGE_BYTES / MB / seconds, cpuMsPerMb: totalMs / (LARGE_BYTES / MB) };
}

/** Memory once 1,000 uploads have brought two PATCHes each and are in the middle of a third one. */
export async function measureMemory(contender: Contender): Promise<Figures> {
  const start = readMemory(contender.pid);
  const body = piece(LIVE_BYTES);
  const uploads = await contender.createUploads(AT_REST, MAX_PER_CANDIDATE / 4);
  const connections: Connection[] = [];
  let next = 0;
  await eachOf(16, async () => {
    for (let upload = uploads[next++]; upload; upload = uploads[next++]) {
      const connection = await contender.connect();
      connections.push(connection);
      for (let turn = 0; turn < 2; turn++) await patch(connection, upload, body);
      const half = body.subarray(0, LIVE_BYTES / 2);
      connection.request(patchHead(upload, LIVE_BYTES), half).catch(() => {});
    }
  });
  await atRest(contender.pid);
  const { rssBytes, peakBytes } = readMemory(contender.pid);
  for (const connection of connections) connection.close();
  return {
    startMb: start.rssBytes / MB,
    rssMb: rssBytes / MB,
    peakMb: peakBytes / MB,
    grownKbPerUpload: (rssBytes - start.rssBytes) / 1000 / AT_REST,
  };
}

/** Resolves once the process has nothing to do: it has read what was sent to it. */
export async function atRest(pid: number, withinMs = 10_000): Promise<void> {
  const everyMs = 200;
  const deadline = performance.now() + withinMs;
  for (let calm = 0, before = readCpu(pid); calm < 2 && performance.now() < deadline; ) {
    await sleep(everyMs);
    const now = readCpu(pid);
    calm = cpuBetween(before, now).totalMs < everyMs / 50 ? calm + 1 : 0;
    before = now;
  }
}
