/** Kills at each system call of one operation: the operation is traced once, then killed at one call after another. */
import type { ChildProcess } from 'node:child_process';
import { attachStrace, threadsOf } from '../support/server/strace.ts';
import { until } from '../support/tus/tus.ts';

/** Calls that change the disk or send to a client. `?` marks names that some architectures lack. */
const CALLS =
  'openat,?open,?creat,pwrite64,pwritev,pwritev2,write,writev,fdatasync,fsync,ftruncate,fallocate,?rename,renameat,' +
  'renameat2,?link,linkat,?unlink,unlinkat,?mkdir,mkdirat,?rmdir,sendto,sendmsg,copy_file_range,sync_file_range';

/** A process that is traced and killed: a server, or a command, which ends with its work. */
interface Victim {
  pid: number;
  process: ChildProcess;
  /** Of a server. */
  url?: string;
}

/** One thread's calls of one name, in their order. */
interface CallSeries {
  /** Index among the process's threads by age, which is the same in every start. */
  thread: number;
  call: string;
  /** For each call, whether it changes or sends anything; other calls only wake a thread, or open a file to read. */
  counts: boolean[];
}

/** Traces the calls that the process makes during `work`. */
export async function traceCalls({ pid }: Pick<Victim, 'pid'>, work: () => Promise<unknown>): Promise<CallSeries[]> {
  const threads = await threadsOf(pid);
  const tracer = await attachStrace(threads, ['-y', '-e', `trace=${CALLS}`]);
  await work();
  await tracer.detach();
  const series = new Map<string, CallSeries>();
  for (const [line, thread, call] of tracer.output().matchAll(/^\[pid +(\d+)\] (\w+)\(.*$/gm)) {
    const at = threads.indexOf(Number(thread));
    const key = `${at} ${call}`;
    const known = series.get(key) ?? { thread: at, call: call as string, counts: [] };
    series.set(key, known);
    known.counts.push(!line.includes('[eventfd]') && (call !== 'openat' || line.includes('O_CREAT')));
  }
  return [...series.values()].filter(({ counts }) => counts.includes(true));
}

/**
 * Does `work` under a process that is killed at the entry of the nth call of a series.
 * @returns the result of `work`, null when its connection broke; and whether the kill came
 */
export async function killAt<T>(
  { pid, process, url }: Victim,
  { thread, call }: CallSeries,
  nth: number,
  work: () => Promise<T>,
): Promise<{ result: T | null; killed: boolean }> {
  const target = (await threadsOf(pid))[thread];
  if (target === undefined) throw new Error(`the process has no thread ${thread}`);
  const options = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${nth}`];
  const tracer = await attachStrace([target], options);
  const result = await work().catch(() => null);
  // Calls that a server makes after its response belong to the operation.
  const responds = () => fetch(`${url}/healthz`).then(yes, no);
  if (url !== undefined) await responds();
  // From here on nothing kills it: whether it lives is known only now.
  await tracer.detach();
  const lives = url === undefined ? process.signalCode === null : await responds();
  // The signal can only come from strace.
  if (!lives) await until(() => process.signalCode === 'SIGKILL');
  return { result, killed: !lives };
}

const yes = () => true;
const no = () => false;
