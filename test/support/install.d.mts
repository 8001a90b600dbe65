// Types of install.mjs, which is plain JavaScript because it runs before anything is built or installed.

export type ProgramName =
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
export type System = 'debian' | 'ubuntu';
export type Find = (command: string) => string | null;
type Environment = Readonly<Record<string, string | undefined>>;

export interface Program {
  readonly name: ProgramName;
  readonly commands: readonly string[];
  readonly override?: string;
  readonly beside?: string;
  readonly packages: Readonly<Record<System, string | readonly string[]>>;
}

export type Plan =
  | { readonly action: 'none' }
  | { readonly action: 'install'; readonly packages: readonly string[]; readonly message: string }
  | { readonly action: 'tell'; readonly message: string };

export interface Machine {
  readonly env: Environment;
  readonly find: Find;
  readonly root: boolean;
  readonly system: System | null;
}

export const programs: readonly Program[];
export function which(command: string, path?: string): string | null;
export function locate(
  name: ProgramName,
  options?: { readonly env?: Environment; readonly find?: Find },
): string | null;
export function distribution(osRelease: string): System | null;
export function plan(machine: Machine): Plan;
