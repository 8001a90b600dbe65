/**
 * The programs that restrict a child process: util-linux's unshare, mount, setpriv, prlimit, choom and chrt, each where the
 * machine has it and lets it work. Debian has all of them; what is missing is logged once at the start.
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { assemble, type FileView } from './file-view.ts';

/** How much a child process may use. */
export interface Limits {
  /** Real time, without the time that the child was paused. */
  wallMs: number;
  /** Processor time. */
  cpuSeconds: number;
  /**
   * Address space; null = no limit. Never for a speech engine: a GPU's driver reserves more than any machine has, and
   * without it the engine goes on without the GPU and says nothing.
   */
  memoryBytes: number | null;
  /** The largest file that the child may write. */
  fileBytes: number;
}

/** How this machine restricts child processes. */
export interface Containment {
  /**
   * The command line that runs a command under restrictions, to be started as it is.
   * @param dropUser whether the child of a root process gives up root's user, not its rights alone
   * @param view what the child sees of the file system, where the machine can hide the rest
   */
  wrap: (command: readonly string[], limits: Limits, dropUser: boolean, view?: FileView) => [string, ...string[]];
  /** The user id that owns a child's files while the child runs without root's rights; null where the user stays the same. */
  user: number | null;
  /** The restrictions of this machine, in words. */
  held: string[];
  /** The restrictions that this machine lacks, in words; empty where it has all of them. */
  missing: string[];
}

/** `nobody`, on all systems that have setpriv. */
const NOBODY = 65_534;
/** The view that is tried. */
const NOTHING: FileView = { cwd: '/usr', shown: [], hidden: [] };
/** From SIGXCPU, at which a program may still print a message, to SIGKILL. */
const CPU_GRACE_SECONDS = 5;
/** Processes and threads of one child. A speech engine has a few for each core. */
const MAX_PROCESSES = 512;
/**
 * Runs the program. The first process of a namespace is not ended by most signals, not even those of its limits, so it is
 * this shell; its own remarks on a program's end are left out.
 */
const RUN = '{ "$@" 2>&3; } 3>&2 2>/dev/null; exit $?';

/** The `PATH` of child processes. A relative folder would be one in the child's own folder, which the child can write to. */
export function searchPath(programFolders: readonly string[]): string {
  return programFolders.filter((folder) => path.isAbsolute(folder)).join(path.delimiter);
}

/** How long the try of a wrapper may take, on a machine that is busy with recordings. */
const TRY_MS = 15_000;

const known = new Map<string, Containment>();

/** The containment of this machine. Looked for once in a process, for each search path: it starts each wrapper for a try. */
export function containmentHere(programFolders: readonly string[]): Containment {
  const env = { PATH: searchPath(programFolders) };
  // A wrapper may be missing, or forbidden in a container.
  const works = (wrapper: readonly string[]) => {
    const [program = '', ...args] = [...wrapper, 'true'];
    return spawnSync(program, args, { env, stdio: 'ignore', timeout: TRY_MS }).status === 0;
  };
  const containment = known.get(env.PATH) ?? createContainment(works, process.getuid?.() === 0, programFolders);
  known.set(env.PATH, containment);
  return containment;
}

/**
 * Assembles a containment of the wrappers that a machine has.
 * @param can whether a wrapper, with these arguments, works
 * @param isRoot whether there are rights that a child can give up
 * @param programFolders where the programs that a script names are looked up
 * @param release of the kernel, like `6.1.0`
 */
export function createContainment(
  can: (wrapper: readonly string[]) => boolean,
  isRoot: boolean,
  programFolders: readonly string[] = [],
  release: string = os.release(),
): Containment {
  const held: string[] = [];
  const missing: string[] = [];
  const note = (what: string, holds: boolean) => (holds ? held : missing).push(what);
  const firstOf = (what: string, ...wrappers: string[][]): string[] => {
    const wrapper = wrappers.find(can);
    note(what, wrapper !== undefined);
    return wrapper ?? [];
  };
  // Without root's rights, namespaces need a user namespace around them, where the system allows one.
  const apart = ['unshare', ...(isRoot ? [] : ['--user', '--map-current-user', '--keep-caps'])];
  const own = [...apart, '--mount', '--net', '--ipc', '--pid', '--fork', '--kill-child'];
  // In some containers the processes of others can't be hidden, but their files can.
  const hasProc = [true, false].find((each) => can([...own, ...assemble(NOTHING, { hasProc: each, programFolders })]));
  const hasView = hasProc !== undefined;
  note('hide other files from them', hasView);
  note('hide other processes from them', hasProc === true);
  note('end their own children with them', hasView);
  if (hasView) note('keep them off the network', true);
  const offline = hasView
    ? []
    : firstOf('keep them off the network', ['unshare', '--net'], ['unshare', '--map-current-user', '--net']);
  // A SIGKILL of the server ends its children too: nothing would use their results.
  const bound = ['setpriv', '--pdeathsig', 'KILL'];
  const unprivileged = [...bound, '--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all'];
  const asNobody = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--bounding-set=-all'];
  const kept = firstOf('end them with the server', unprivileged);
  const dropped = isRoot ? firstOf('take root’s rights from them', [...unprivileged, ...asNobody]) : kept;
  const limited = firstOf('limit their CPU time and memory', ['prlimit', '--core=0']);
  const counted = isRoot || (hasView && countsInside(release));
  note('limit their number of processes', limited.length > 0 && counted);
  // Short of memory, the system ends a child, not the server.
  const firstToGo = firstOf('let them go first where memory is short', ['choom', '-n', '1000', '--']);
  // Children get the processor time that is left over: recordings come first.
  const idle = firstOf('lower their priority', ['chrt', '--idle', '0'], ['nice', '-n', '19']);
  return {
    held,
    missing,
    user: isRoot && dropped.length > 0 ? NOBODY : null,
    wrap(command, { cpuSeconds, memoryBytes, fileBytes }, dropUser, view) {
      const limits = [
        ...[`--cpu=${cpuSeconds}:${cpuSeconds + CPU_GRACE_SECONDS}`, `--fsize=${fileBytes}`, '--nofile=256'],
        ...(counted ? [`--nproc=${MAX_PROCESSES}`] : []),
        ...(memoryBytes === null ? [] : [`--as=${memoryBytes}`]),
      ];
      const isSeen = hasView && view !== undefined;
      const all = [
        ...firstToGo,
        ...(isSeen ? [...bound, ...own, ...assemble(view, { hasProc, programFolders })] : offline),
        ...(dropUser && isRoot ? dropped : withoutRights(view, isSeen)),
        ...idle,
        ...(limited.length > 0 ? [...limited, ...limits, '--'] : []),
        ...(isSeen ? ['sh', '-c', RUN, 'sh'] : []),
        ...command,
      ];
      return all as [string, ...string[]];
    },
  };

  /** For a program that stays the server's user: a file may be readable for that user alone. */
  function withoutRights(view: FileView | undefined, isSeen: boolean): string[] {
    if (kept.length === 0 || (!isRoot && !isSeen)) return kept;
    // Root reads what belongs to others by a right, too.
    const needsRight = isRoot && view?.shown.some((file) => !isReadableByOwner(file));
    return [...kept, `--bounding-set=-all${needsRight ? ',+dac_override' : ''}`];
  }
}

/** Before Linux 5.14, a user's processes outside the namespace count as well, and may be more than MAX_PROCESSES. */
function countsInside(release: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map(Number);
  return major > 5 || (major === 5 && minor >= 14);
}

function isReadableByOwner(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return !found || found.uid === 0 || (found.mode & 0o004) !== 0;
}
