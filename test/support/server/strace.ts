/** strace(1) on a running process: shows its system calls, and makes them fail. */
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { until } from '../tus/tus.ts';

/** An attached strace. */
export interface Tracer {
  /** What strace has printed so far: one line for each call. */
  output(): string;
  /** Ends strace and lets the threads run on, if they still live. */
  detach(): Promise<void>;
}

/**
 * Attaches strace to these threads and to no other thread; resolves once every thread is traced. strace keeps the counters
 * of `inject=…:when=N` for each thread and each call.
 * @throws Error with what strace printed when it cannot attach
 */
export async function attachStrace(threads: number[], options: string[]): Promise<Tracer> {
  const targets = threads.flatMap((thread) => ['-p', String(thread)]);
  const child = spawn('strace', [...options, ...targets], { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (text) => (output += text));
  child.on('error', (error) => (output += error.message));
  // At the end of the pipe, strace's last lines have been read.
  const closed = new Promise((resolve) => child.once('close', resolve));
  const attached = () => output.match(/Process \d+ attached/g)?.length === threads.length;
  await until(() => attached() || child.exitCode !== null, 10_000, 2);
  if (!attached()) throw new Error(`strace can't attach: ${output}`);
  return {
    output: () => output,
    async detach() {
      child.kill('SIGINT');
      await closed;
    },
  };
}

/** Ids of the threads of a process; the oldest, which runs JavaScript, comes first. */
export async function threadsOf(pid: number): Promise<number[]> {
  return (await readdir(`/proc/${pid}/task`)).map(Number).sort((a, b) => a - b);
}

/** The reason why this machine cannot trace a process that strace did not start (`ptrace_scope`, a container); null when it can. */
export async function traceObstacle(): Promise<string | null> {
  const sleeper = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    await (await attachStrace([sleeper.pid as number], [])).detach();
    return null;
  } catch (error) {
    return (error as Error).message.trim();
  } finally {
    sleeper.kill('SIGKILL');
  }
}
