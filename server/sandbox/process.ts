/**
 * Child processes for hostile data: each has a folder of its own, one input, limits on CPU, memory, files and time, no
 * network, no privileges and the lowest priority, sees no files of people and of the server, and ends with all its own
 * children when the server ends. Arguments are an array; no shell reads them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Containment, containmentHere, type Limits, searchPath } from './containment.ts';
import { handOver, takeBack } from './work-folder.ts';

/** What to run, and what the child may do. */
export interface ProcessOptions {
  /** An absolute path, or a name in the program folders. */
  command: string;
  args: readonly string[];
  /**
   * The child's folder, the one place that it can write to; relative names in `args` are in it. Where the folder's mode is
   * 0700 and the child gives up root's rights, the child's user owns the folder and its files until the child ends.
   */
  cwd: string;
  /** Files besides the command that the child reads: it sees them wherever they lie. */
  reads?: readonly string[];
  /** A file that becomes the child's standard input, also where the child could not open it; null = none. */
  stdin?: string | null;
  limits: Limits;
  signal: AbortSignal;
  /** Gets the text of standard output, which is then not in `ProcessEnd.stdout`. An error that it throws ends the child. */
  onStdout?: (text: string) => void;
  /** Whether the child of a root process gives up root's rights; false for a program that must read files of its user. */
  dropUser?: boolean;
}

/** How a child ended. */
export interface ProcessEnd {
  /** Null where a signal ended the child. */
  status: number | null;
  signal: NodeJS.Signals | null;
  /** Empty where there was an `onStdout`. */
  stdout: string;
  /** The last MAX_ERROR_CHARACTERS characters of standard error. */
  stderr: string;
  /** Whether the child was ended because its wall time was used up. */
  timedOut: boolean;
}

/** A child that prints more on standard output is ended. ffprobe prints 50 MiB about the packets of 4 hours. */
const MAX_OUTPUT_CHARACTERS = 64 << 20;
const MAX_ERROR_CHARACTERS = 16_384;
/** How often the wall time is checked. */
const WATCH_MS = 250;

/** Runs one child to its end; see `Processes.run`. */
export type RunProcess = (options: ProcessOptions) => Promise<ProcessEnd>;

/** The children of this process. */
interface Processes {
  /**
   * Runs a child to its end.
   * @throws the signal's reason where the signal was aborted; what `onStdout` threw; Error where the command can't be
   * started or prints more than MAX_OUTPUT_CHARACTERS
   */
  run: RunProcess;
  /** Stops all children with SIGSTOP; children that start later are stopped at once. */
  pause(): void;
  /** Continues all children. */
  resume(): void;
}

/** How all children are run. */
export interface ProcessesOptions {
  /** Where wrappers and programs are looked up: the children's PATH. */
  programFolders: readonly string[];
  containment?: Containment;
  /** Folders and files that no child may see, besides those of people: the data folder, a secret. */
  hidden?: readonly string[];
}

/** Creates the children's process runner. */
export function createProcesses({
  programFolders,
  containment = containmentHere(programFolders),
  hidden = [],
}: ProcessesOptions): Processes {
  const running = new Set<ChildProcess>();
  let paused = false;

  /** The child is a wrapper that waits for the program: the signal is for the program and its own children, too. */
  const sendSignal = (child: ChildProcess, signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const family = descendantsOf(child.pid);
    child.kill(signal);
    for (const pid of family) killQuietly(pid, signal);
  };

  function start(options: ProcessOptions): ChildProcess {
    const { command, args, cwd, stdin = null, limits, dropUser = true, reads = [] } = options;
    const view = { cwd, hidden, shown: [...(path.isAbsolute(command) ? [command] : []), ...reads] };
    const [program, ...rest] = containment.wrap([command, ...args], limits, dropUser, view);
    const input = stdin === null ? null : openSync(stdin, 'r');
    try {
      // Nothing else of the server's environment: it has secrets, and variables that change which files programs open.
      const env = { PATH: searchPath(programFolders), LC_ALL: 'C.UTF-8', HOME: cwd, TMPDIR: cwd };
      return spawn(program, rest, { cwd, env, stdio: [input ?? 'ignore', 'pipe', 'pipe'] });
    } finally {
      if (input !== null) closeSync(input);
    }
  }

  async function runToEnd(options: ProcessOptions): Promise<ProcessEnd> {
    const { signal, limits, onStdout } = options;
    signal.throwIfAborted();
    const child = start(options);
    running.add(child);
    if (paused) sendSignal(child, 'SIGSTOP');
    let stdout = '';
    let stderr = '';
    let printed = 0;
    let timedOut = false;
    let failure: { cause: unknown } | null = null;
    let leftMs = limits.wallMs;
    const kill = () => sendSignal(child, 'SIGKILL');
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
      const end = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
        child.once('error', (cause) => reject(new Error(`can’t start ${options.command}`, { cause })));
        child.once('close', (...all) => resolve(all));
      });
      signal.throwIfAborted();
      const { cause } = failure ?? { cause: null };
      if (cause) throw cause;
      return { ...endOf(...end), stdout, stderr, timedOut };
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
        return await runToEnd(options);
      } finally {
        if (given) await takeBack(cwd);
      }
    },
    pause() {
      paused = true;
      for (const child of running) sendSignal(child, 'SIGSTOP');
    },
    resume() {
      paused = false;
      for (const child of running) sendSignal(child, 'SIGCONT');
    },
  };
}

/** A shell that waited for the program ends with 128 and the number of the signal that ended the program. */
function endOf(status: number | null, signal: NodeJS.Signals | null): Pick<ProcessEnd, 'status' | 'signal'> {
  const told = Object.entries(os.constants.signals).find(([, number]) => status === 128 + number);
  return told ? { status: null, signal: told[0] as NodeJS.Signals } : { status, signal };
}

/** The children of a process and their children, the nearest first. None where the system does not list them. */
function descendantsOf(pid: number): number[] {
  const children = readOr('', () =>
    readdirSync(`/proc/${pid}/task`)
      .map((task) => readOr('', () => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')))
      .join(' '),
  );
  const pids = children.split(' ').filter(Boolean).map(Number);
  return [...pids, ...pids.flatMap(descendantsOf)];
}

/** What `read` reads, or the alternative where the process has ended meanwhile. */
function readOr(alternative: string, read: () => string): string {
  try {
    return read();
  } catch {
    return alternative;
  }
}

function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, or runs as a user that this process may not signal.
  }
}
