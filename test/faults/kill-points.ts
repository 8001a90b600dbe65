/** Kills at each system call of one operation: found by tracing it once, then tried one after another. */

import type { TestServer } from '../support/server.ts';
import { attachStrace, threadsOf } from '../support/strace.ts';
import { until } from '../support/tus.ts';

/** What changes the disk or tells a client. `?` is for names that this kind of machine lacks. */
const CALLS =
  'openat,?open,?creat,pwrite64,pwritev,pwritev2,write,writev,fdatasync,fsync,ftruncate,fallocate,?rename,renameat,' +
  'renameat2,?link,linkat,?unlink,unlinkat,?mkdir,mkdirat,?rmdir,sendto,sendmsg,copy_file_range,sync_file_range';

/** One thread's calls of one name, in their order. */
export interface CallSeries {
  /** Its place among the process's threads, by age: the same one in every start. */
  thread: number;
  call: string;
  /** Of each call, whether it changes or tells anything; the others only wake a thread, or open a file to read. */
  counts: boolean[];
}

/** What the server does while `work` goes on. */
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
 * @returns what `work` was told, null when its connection broke; and whether the kill came
 */
export async function killAt<T>(
  server: TestServer,
  { thread, call }: CallSeries,
  nth: number,
  work: () => Promise<T>,
): Promise<{ told: T | null; killed: boolean }> {
  const victim = (await threadsOf(server.pid))[thread];
  if (victim === undefined) throw new Error(`the server has no thread ${thread}`);
  const options = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${nth}`];
  const tracer = await attachStrace([victim], options);
  const told = await work().catch(() => null);
  // What the server still does after its answer is part of it.
  const lives = await fetch(`${server.url}/healthz`).then(
    () => true,
    () => false,
  );
  // Nobody but strace has sent it a signal.
  if (!lives) await until(() => server.process.signalCode === 'SIGKILL');
  await tracer.detach();
  return { told, killed: !lives };
}
