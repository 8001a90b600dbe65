/** The CPU time of a 64 KiB PATCH by functions of the first thread, threads, user and system, and system calls. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Contender, type Leftovers, openContender } from './contender.ts';
import type { Figures } from './figures.ts';
import { cpuFigures, openPatchLoad, type PatchLoad, type PatchLoadSize } from './loads.ts';
import { cpuBetween, readCpu } from './process-figures.ts';

/** A profile of V8 (`--cpu-prof`); times in µs. */
interface CpuProfile {
  nodes: Array<{ id: number; callFrame: { functionName: string; url: string; lineNumber: number } }>;
  startTime: number;
  samples: number[];
  timeDeltas: number[];
}

/** A share of the CPU time. */
export interface Share {
  name: string;
  /** Share of the thread's busy time. */
  percent: number;
}

/** A profile of one load. */
export interface ProfileReport {
  patches: number;
  /** CPU time per PATCH. */
  cpu: Figures;
  functions: Share[];
  /** The same by package, folder of ours, or module of Node. */
  places: Share[];
  /** Calls per PATCH, the most frequent first; null without strace. */
  syscalls: Record<string, number> | null;
}

const TOP = 25;
const STRACED = 400;
const root = path.resolve(import.meta.dirname, '../..');

/** Profiles our server under the load. @param file where V8's profile is stored, for a browser's developer tools */
export async function profile(file: string, patches: PatchLoadSize, leftovers: Leftovers): Promise<ProfileReport> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tresgo-bench-profile-'));
  const clear = () => rmSync(folder, { recursive: true, force: true });
  leftovers.add(clear);
  try {
    // The profiler's signals would count as system calls, so these are counted in a server without it.
    const plain = await openContender('ours', leftovers);
    const { cpu, syscalls } = await underLoad(plain, patches, async (load) => {
      const before = readCpu(plain.pid);
      await load.run(patches.count);
      const spent = cpuBetween(before, readCpu(plain.pid));
      return { cpu: cpuFigures(spent, patches.count), syscalls: await countSyscalls(plain, load, folder) };
    });
    const options = ['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${folder}`];
    const window = await underLoad(
      await openContender('ours', leftovers, { nodeOptions: options }),
      patches,
      async (load) => {
        const fromUs = nowUs();
        await load.run(patches.count);
        return { fromUs, untilUs: nowUs() };
      },
    );
    const name = readdirSync(folder).find((each) => each.endsWith('.cpuprofile'));
    if (!name) throw new Error('the server wrote no profile');
    copyFileSync(path.join(folder, name), file);
    const written = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
    return { patches: patches.count, cpu, ...sharesOf(written, window), syscalls };
  } finally {
    clear();
    leftovers.delete(clear);
  }
}

/** Ends the server as an operator does: a killed server writes no profile. */
async function underLoad<Result>(
  contender: Contender,
  { bytes, warmUp }: PatchLoadSize,
  work: (load: PatchLoad) => Promise<Result>,
): Promise<Result> {
  try {
    const load = await openPatchLoad(contender, bytes);
    await load.run(warmUp);
    const result = await work(load);
    load.close();
    return result;
  } finally {
    await contender.stop('SIGTERM');
  }
}

/** The clock of V8's profiles, in µs. */
function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Self time between two moments, by function (the most) and by place (all). */
export function sharesOf(
  { nodes, startTime, samples, timeDeltas }: CpuProfile,
  { fromUs, untilUs }: { fromUs: number; untilUs: number },
): Pick<ProfileReport, 'functions' | 'places'> {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const [functions, places] = [new Map<string, number>(), new Map<string, number>()];
  let busyUs = 0;
  let atUs = startTime;
  for (const [at, id] of samples.entries()) {
    atUs += timeDeltas[at] ?? 0;
    // A sample counts until the next sample.
    const lastsUs = timeDeltas[at + 1] ?? 0;
    const frame = frames.get(id);
    if (!frame || frame.functionName === '(idle)' || atUs < fromUs || atUs >= untilUs) continue;
    busyUs += lastsUs;
    const file = frame.url.replace(`file://${root}/`, '').replace(/^.*node_modules\//, '');
    const place = placeOf(file);
    const name = frame.functionName || `(anonymous, line ${frame.lineNumber + 1})`;
    for (const [sums, key] of [
      [functions, file ? `${file}: ${name}` : name],
      [places, file ? place : name.startsWith('(') ? name : '(native)'],
    ] as const)
      sums.set(key, (sums.get(key) ?? 0) + lastsUs);
  }
  const shares = (sums: Map<string, number>) =>
    [...sums]
      .sort(([, a], [, b]) => b - a)
      .map(([name, us]) => ({ name, percent: Math.round((us / busyUs) * 1000) / 10 }));
  return { functions: shares(functions).slice(0, TOP), places: shares(places).filter(({ percent }) => percent > 0) };
}

/** `node:internal/streams`, `@tus/server`, `dist/storage` */
function placeOf(file: string): string {
  const parts = file.split('/');
  if (file.startsWith('node:')) return parts.slice(0, Math.min(2, parts.length - 1) || 1).join('/');
  if (file.startsWith('@') || file.startsWith('dist/')) return parts.slice(0, 2).join('/');
  return parts[0] ?? file;
}

async function countSyscalls(
  { pid }: Contender,
  load: PatchLoad,
  folder: string,
): Promise<Record<string, number> | null> {
  const output = path.join(folder, 'strace');
  const strace = spawn('strace', ['-f', '-c', '-p', String(pid), '-o', output], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // strace writes to standard error once it is attached to every thread; it ends where it can't attach.
  const attached = await new Promise<boolean>((resolve) => {
    strace.stderr.on('data', (text) => String(text).includes('attached') && resolve(true));
    strace.on('error', () => resolve(false)).on('exit', () => resolve(false));
  });
  if (!attached) return null;
  await load.run(STRACED);
  const ended = once(strace, 'exit');
  strace.kill('SIGINT');
  await ended;
  const rows = readFileSync(output, 'utf8').matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$/gm);
  const calls = [...rows].map(([, count, name]) => [String(name), Number(count) / STRACED] as const);
  return Object.fromEntries(calls.filter(([name]) => name !== 'total').sort(([, a], [, b]) => b - a));
}
