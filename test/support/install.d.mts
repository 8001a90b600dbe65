// Types of install.mjs, which is plain JavaScript because it runs before a build.

type ProgramName =
  | 'chromium'
  | 'firefox'
  | 'ffmpeg'
  | 'ffprobe'
  | 'openssl'
  | 'strace'
  | 'mkfs.ext4'
  | 'faketime'
  | 'curl'
  | 'cmake'
  | 'make'
  | 'g++'
  | 'pocketsphinx';
type System = 'debian' | 'ubuntu';
/** Finds a command; null if none. */
type Find = (command: string) => string | null;
type Environment = Readonly<Record<string, string | undefined>>;

interface Program {
  readonly name: ProgramName;
  readonly commands: readonly string[];
  readonly override?: string;
  readonly beside?: string;
  readonly packages: Readonly<Record<System, string | readonly string[]>>;
}

type Plan =
  | { readonly action: 'none' }
  | { readonly action: 'install'; readonly packages: readonly string[]; readonly message: string }
  | { readonly action: 'tell'; readonly message: string };

interface Machine {
  readonly env: Environment;
  readonly find: Find;
  readonly root: boolean;
  readonly system: System | null;
}

/** The programs that the tests run. */
export const programs: readonly Program[];
/** Returns the absolute path of an executable file or a font; null if none. */
export function which(command: string, path?: string): string | null;
/** Returns the path of a program of the table; null when it is missing. */
export function locate(
  name: ProgramName,
  options?: { readonly env?: Environment; readonly find?: Find },
): string | null;
/** Reads the distribution from the text of os-release; null when it is neither Debian nor Ubuntu nor derived from them. */
export function distribution(osRelease: string): System | null;
/** Decides what to do on a machine: nothing, install packages, or print a message. */
export function plan(machine: Machine): Plan;
