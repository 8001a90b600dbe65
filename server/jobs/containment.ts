/**
 * What holds a child process in: util-linux's prlimit, setpriv and unshare, and nice, each where the machine has it.
 * Debian always does; elsewhere what is missing is told once at the start.
 */
import { spawnSync } from 'node:child_process';
import type { Limits } from './process.ts';

export interface Containment {
  /** The command line around a command, to be started as it is. */
  wrap: (command: readonly string[], limits: Limits, dropUser: boolean) => [string, ...string[]];
  /** Whose a child's files are while it runs without root's rights; null where it keeps the user that we are. */
  user: number | null;
  /** What this machine can't do, in words; empty where all is there. */
  missing: string[];
}

/** `nobody`, on all systems that have setpriv. */
const NOBODY = 65_534;
/** From the first signal about used-up time, which a program may answer with a message, to the last. */
const CPU_GRACE_SECONDS = 5;

/** Whether a wrapper works here: it may be missing, or forbidden in a container. */
function works(wrapper: readonly string[]): boolean {
  const [program = '', ...args] = [...wrapper, 'true'];
  return spawnSync(program, args, { stdio: 'ignore', timeout: 5_000 }).status === 0;
}

let here: Containment | null = null;

/** What this machine offers, looked up once. */
export function containmentHere(): Containment {
  here ??= createContainment(works, process.getuid?.() === 0);
  return here;
}

/** @param isRoot whether there are rights to give up */
export function createContainment(can: (wrapper: readonly string[]) => boolean, isRoot: boolean): Containment {
  const missing: string[] = [];
  const firstOf = (what: string, ...ways: string[][]): string[] => {
    const way = ways.find(can);
    if (!way) missing.push(what);
    return way ?? [];
  };
  // A user without rights gets a network namespace inside one of users, where the system allows that.
  const offline = firstOf(
    'keep them off the network',
    ['unshare', '--net'],
    ['unshare', '--map-current-user', '--net'],
  );
  // SIGKILL for us is one for them: nobody would wait for what they make.
  const bound = ['setpriv', '--no-new-privs', '--pdeathsig', 'KILL'];
  const asNobody = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--bounding-set=-all'];
  const kept = firstOf('end them with the server', bound);
  const dropped = isRoot ? firstOf('take root’s rights from them', [...bound, ...asNobody]) : kept;
  const limited = firstOf('limit their CPU time and memory', ['prlimit', '--core=0']);
  // Only what is left over: a recording goes before.
  const idle = firstOf('lower their priority', ['chrt', '--idle', '0'], ['nice', '-n', '19']);
  return {
    missing,
    user: isRoot && dropped.length > 0 ? NOBODY : null,
    wrap(command, { cpuSeconds, memoryBytes, fileBytes }, dropUser) {
      const limits = [
        ...[`--cpu=${cpuSeconds}:${cpuSeconds + CPU_GRACE_SECONDS}`, `--fsize=${fileBytes}`, '--nofile=256'],
        ...(memoryBytes === null ? [] : [`--as=${memoryBytes}`]),
      ];
      const rights = dropUser ? dropped : kept;
      const all = [
        ...offline,
        ...rights,
        ...idle,
        ...(limited.length > 0 ? [...limited, ...limits, '--'] : []),
        ...command,
      ];
      return all as [string, ...string[]];
    },
  };
}
