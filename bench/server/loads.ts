/** Loads of a fixed size: many small PATCHes, one large PATCH, and many uploads at rest. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RawConnection } from '../../test/support/tus/raw-connection.ts';
import { type Contender, eachOf, MAX_PER_CANDIDATE } from './contender.ts';
import type { Figures } from './figures.ts';
import { type CpuTime, cpuBetween, readCpu, readMemory } from './process-figures.ts';
import { patch, patchHead, type Upload } from './upload.ts';

/** Connections of a load of small PATCHes: each serves two uploads in turn. */
export const CONNECTIONS = 4;
/** Uploads of a load of small PATCHes. */
export const UPLOADS = 8;
/** Bytes of the large PATCH. */
export const LARGE_BYTES = 200_000_000;
/** Bytes of a PATCH of a live recording. */
export const LIVE_BYTES = 65_536;
/** Number of uploads at rest. */
export const AT_REST = 1_000;

const LARGE_WARM_UP_BYTES = 20_000_000;
const MB = 1e6;

/** Bytes that look like a piece of a recording: the magic of EBML, then noise. */
export function piece(bytes: number): Buffer {
  const noise = randomBytes(bytes);
  noise.writeUInt32BE(0x1a45dfa3, 0);
  return noise;
}

/** The size of a load of PATCHes. */
export interface PatchLoadSize {
  /** Bytes of each PATCH. */
  bytes: number;
  /** First PATCHes, which are not counted: V8 still compiles the code of a server that has just started. */
  warmUp: number;
  count: number;
}

/** An open load of PATCHes. */
export interface PatchLoad {
  /** Sends `count` PATCHes, one after the other on each connection. */
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
          await patch(connections[at] as RawConnection, uploads[turn] as Upload, body);
        }
      });
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
}

/** CPU time of one PATCH at the contender, after a warm-up. */
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

/** CPU time per PATCH, for `count` PATCHes. */
export function cpuFigures(cpu: CpuTime, count: number): Figures {
  return {
    cpuMs: cpu.totalMs / count,
    userMs: cpu.userMs / count,
    systemMs: cpu.systemMs / count,
    mainThreadMs: cpu.mainThreadMs / count,
  };
}

/** Speed of one PATCH of 200 MB out of memory, from its first byte to its 204. */
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

/** Memory when 1,000 uploads have sent two PATCHes each and are in the middle of a third one. */
export async function measureMemory(contender: Contender): Promise<Figures> {
  const start = readMemory(contender.pid);
  const body = piece(LIVE_BYTES);
  const uploads = await contender.createUploads(AT_REST, MAX_PER_CANDIDATE / 4);
  const connections: RawConnection[] = [];
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

/** Resolves once the process is idle, so that it has read everything that was sent to it; at the latest after `withinMs`. */
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
