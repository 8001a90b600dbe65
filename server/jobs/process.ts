/**
 * A child process that meets hostile data: its own folder, one input, limits on CPU, memory, files and time, no network, no
 * privileges, the lowest priority, and an end with ours. Arguments are an array; no shell is in between.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { type Containment, containmentHere } from './containment.ts';
import { handOver, takeBack } from './work-folder.ts';

export interface Limits {
  /** Real time, the time it was paused left out. */
  wallMs: number;
  cpuSeconds: number;
  /** Address space; null = as much as the machine has. */
  memoryBytes: number | null;
  /** The largest file that it may write. */
  fileBytes: number;
}

export interface ProcessOptions {
  command: string;
  args: readonly string[];
  /**
   * Its folder, and all it can write to; relative names in `args` lie there. Where its mode is 0700 and the child gives
   * root's rights up, the folder and its files are the child's until it ends.
   */
  cwd: string;
  /** A file that it reads as standard input, whoever may open it; null = none. */
  stdin?: string | null;
  limits: Limits;
  signal: AbortSignal;
  /** Told instead of kept. What it throws ends the child. */
  onStdout?: (text: string) => void;
  /** Root gives its rights up for the child's time; false for a program that must read files of its user. */
  dropUser?: boolean;
}

export interface ProcessEnd {
  /** Null where a signal ended it. */
  status: number | null;
  signal: NodeJS.Signals | null;
  /** Empty where `onStdout` was told. */
  stdout: string;
  /** The end of it. */
  stderr: string;
  /** The wall time was used up. */
  timedOut: boolean;
}

/** More than that of standard output ends the child. An honest one tells of 4 hours' packets in 50 MiB. */
export const MAX_OUTPUT_CHARACTERS = 64 << 20;
const MAX_ERROR_CHARACTERS = 16_384;
const WATCH_MS = 250;
/** Where wrappers and programs lie; what is told by `TRESGO_FFMPEG` is an absolute path. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export type RunProcess = (options: ProcessOptions) => Promise<ProcessEnd>;

export interface Processes {
  /**
   * Runs a child to its end.
   * @throws the signal's reason where it was aborted; what `onStdout` threw; Error where the command can't be started or
   * prints without end
   */
  run: RunProcess;
  /** Stops all children where they are … */
  pause(): void;
  /** … and lets them go on. */
  resume(): void;
}

/** The children of this process. */
export function createProcesses({ containment = containmentHere() }: { containment?: Containment } = {}): Processes {
  const running = new Set<ChildProcess>();
  let paused = false;

  const tell = (child: ChildProcess, signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  };

  function start({ command, args, cwd, stdin = null, limits, dropUser = true }: ProcessOptions): ChildProcess {
    const [program, ...rest] = containment.wrap([command, ...args], limits, dropUser);
    const input = stdin === null ? null : openSync(stdin, 'r');
    try {
      // Nothing of our environment: it bears secrets, and variables that change what programs open.
      const env = { PATH, LC_ALL: 'C.UTF-8', HOME: cwd, TMPDIR: cwd };
      return spawn(program, rest, { cwd, env, stdio: [input ?? 'ignore', 'pipe', 'pipe'] });
    } finally {
      if (input !== null) closeSync(input);
    }
  }

  async function toItsEnd(options: ProcessOptions): Promise<ProcessEnd> {
    const { signal, limits, onStdout } = options;
    signal.throwIfAborted();
    const child = start(options);
    running.add(child);
    if (paused) tell(child, 'SIGSTOP');
    let stdout = '';
    let stderr = '';
    let printed = 0;
    let timedOut = false;
    let failure: { cause: unknown } | null = null;
    let leftMs = limits.wallMs;
    const kill = () => tell(child, 'SIGKILL');
    const watch = setInterval(() => {
      if (!paused) leftMs -= WATCH_MS;
      if (leftMs > 0 || timedOut) return;
      timedOut = true;
      kill();
    }, WATCH_MS);
    signal.addEventListener('abort', kill);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (failure) return;
      try {
        printed += text.length;
        if (printed > MAX_OUTPUT_CHARACTERS) throw new Error(`${path.basename(options.command)} prints without end`);
        if (onStdout) onStdout(text);
        else stdout += text;
      } catch (cause) {
        failure = { cause };
        kill();
      }
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = `${stderr}${text}`.slice(-MAX_ERROR_CHARACTERS);
    });
    try {
      const [status, ended] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
        child.once('error', (cause) => reject(new Error(`can’t start ${options.command}`, { cause })));
        child.once('close', (...end) => resolve(end));
      });
      signal.throwIfAborted();
      const { cause } = failure ?? { cause: null };
      if (cause) throw cause;
      return { status, signal: ended, stdout, stderr, timedOut };
    } finally {
      clearInterval(watch);
      signal.removeEventListener('abort', kill);
      running.delete(child);
    }
  }

  return {
    async run(options) {
      const { cwd, dropUser = true } = options;
      const given = dropUser && containment.user !== null && (await handOver(cwd, containment.user));
      try {
        return await toItsEnd(options);
      } finally {
        if (given) await takeBack(cwd);
      }
    },
    pause() {
      paused = true;
      for (const child of running) tell(child, 'SIGSTOP');
    },
    resume() {
      paused = false;
      for (const child of running) tell(child, 'SIGCONT');
    },
  };
}
