/** strace(1) on a process that runs: what it asks of the system, and how the system is made to fail it. */
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { until } from './tus.ts';

export interface Tracer {
  /** What strace has said so far: a line for each call. */
  output(): string;
  /** Lets the threads go, if they still live. */
  detach(): Promise<void>;
}

/**
 * Attaches strace to these threads and to no other. Counters of `inject=…:when=N` are kept by thread and by call.
 * @returns once every thread is under its control
 */
export async function attachStrace(threads: number[], options: string[]): Promise<Tracer> {
  const targets = threads.flatMap((thread) => ['-p', String(thread)]);
  const child = spawn('strace', [...options, ...targets], { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (text) => (output += text));
  child.on('error', (error) => (output += error.message));
  // The end of the pipe: what strace said last is read by then.
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

/** The threads of a process, the oldest (which runs JavaScript) first. */
export async function threadsOf(pid: number): Promise<number[]> {
  return (await readdir(`/proc/${pid}/task`)).map(Number).sort((a, b) => a - b);
}

/** Why this machine can't trace a process that is not strace's own child (`ptrace_scope`, a container); null when it can. */
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
