/** Kills at each system call of one operation: the operation is traced once, then killed at one call after another. */

import type { TestServer } from '../support/server/server.ts';
import { attachStrace, threadsOf } from '../support/server/strace.ts';
import { until } from '../support/tus/tus.ts';

/** Calls that change the disk or send to a client. `?` marks names that some architectures lack. */
const CALLS =
  'openat,?open,?creat,pwrite64,pwritev,pwritev2,write,writev,fdatasync,fsync,ftruncate,fallocate,?rename,renameat,' +
  'renameat2,?link,linkat,?unlink,unlinkat,?mkdir,mkdirat,?rmdir,sendto,sendmsg,copy_file_range,sync_file_range';

/** One thread's calls of one name, in their order. */
interface CallSeries {
  /** Index among the process's threads by age, which is the same in every start. */
  thread: number;
  call: string;
  /** For each call, whether it changes or sends anything; other calls only wake a thread, or open a file to read. */
  counts: boolean[];
}

/** Traces the calls that the server makes during `work`. */
export async function traceCalls(server: TestServer, work: () => Promise<unknown>): Promise<CallSeries[]> {
  const threads = await threadsOf(server.pid);
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
 * Does `work` under a server that is killed at the entry of the nth call of a series.
 * @returns the result of `work`, null when its connection broke; and whether the kill came
 */
export async function killAt<T>(
  server: TestServer,
  { thread, call }: CallSeries,
  nth: number,
  work: () => Promise<T>,
): Promise<{ result: T | null; killed: boolean }> {
  const victim = (await threadsOf(server.pid))[thread];
  if (victim === undefined) throw new Error(`the server has no thread ${thread}`);
  const options = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${nth}`];
  const tracer = await attachStrace([victim], options);
  const result = await work().catch(() => null);
  // Calls that the server makes after its response belong to the operation.
  const lives = await fetch(`${server.url}/healthz`).then(
    () => true,
    () => false,
  );
  // The signal can only come from strace.
  if (!lives) await until(() => server.process.signalCode === 'SIGKILL');
  await tracer.detach();
  return { result, killed: !lives };
}
