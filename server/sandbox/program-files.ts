/** Which files a program needs besides those that every machine has. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { findProgram } from './programs.ts';

/** A longer script is not searched for the programs that it starts. */
const MAX_SCRIPT_BYTES = 64 << 10;
/** A script that starts a script that starts a program. */
const MAX_DEPTH = 4;
/** `"/opt/tools/ffmpeg"` in a script. */
const ABSOLUTE_PATH = /\/[^\s'"`;|&<>(){}$*?:=,\\]+/g;

const known = new Map<string, string[]>();

/**
 * The files and folders to show for a program or another file, as far as they are in `covered` folders: the file, of a
 * program the folder that it is in and the folders of its libraries, of a script also its interpreter and the programs that
 * it names. Remembered until the file changes.
 */
export function filesOf(file: string, folders: readonly string[], covered: readonly string[]): string[] {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) return [];
  const key = [file, found.ino, found.mtimeMs, ...covered].join('\n');
  const files = known.get(key) ?? [...new Set(collect(file, folders, covered, MAX_DEPTH))].sort();
  known.set(key, files);
  return files;
}

function collect(file: string, folders: readonly string[], covered: readonly string[], depth: number): string[] {
  const target = realpathSync(file);
  const own = [file, target].filter((each) => isIn(covered, each));
  if (!isProgram(target)) return own;
  const script = scriptOf(target);
  const started = script === null || depth === 0 ? [] : programsIn(script, folders);
  return [
    ...own.map((each) => folderOf(each, covered)),
    // The libraries of a program of the machine are the machine's.
    ...(script === null && isIn(covered, target) ? librariesOf(target) : [])
      .filter((each) => isIn(covered, each))
      .map((each) => folderOf(each, covered)),
    ...started.flatMap((each) => collect(each, folders, covered, depth - 1)),
  ];
}

const isIn = (covered: readonly string[], file: string) => covered.some((folder) => file.startsWith(`${folder}/`));

function isProgram(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true && (found.mode & 0o111) !== 0;
}

/**
 * The folder of a program or library, which may open others beside itself; the file alone where that folder is a person's
 * own or everybody's, or holds a covered one.
 */
function folderOf(file: string, covered: readonly string[]): string {
  const folder = path.dirname(file);
  const isHome = path.dirname(folder) === '/home';
  return isIn(covered, folder) && !isHome && !covered.some((each) => each.startsWith(`${folder}/`)) ? folder : file;
}

/** The text of a script; null for any other file. */
function scriptOf(file: string): string | null {
  const opened = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(MAX_SCRIPT_BYTES);
    const text = bytes.toString('latin1', 0, readSync(opened, bytes, 0, bytes.length, 0));
    return text.startsWith('#!') ? text : null;
  } finally {
    closeSync(opened);
  }
}

/** The interpreter of a script and the programs that it names by their paths. */
function programsIn(script: string, folders: readonly string[]): string[] {
  const [first = '', ...lines] = script.split('\n');
  const [interpreter = '', ...args] = first.slice(2).trim().split(/\s+/);
  const name = args.find((arg) => !arg.startsWith('-'));
  const searched = path.basename(interpreter) === 'env' && name ? findProgram(name, folders) : null;
  return [interpreter, ...(searched ? [searched] : []), ...(lines.join('\n').match(ABSOLUTE_PATH) ?? [])].filter(
    isProgram,
  );
}

/** The shared libraries of a program, as its loader finds them. None where the machine has no `ldd`. */
function librariesOf(program: string): string[] {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8', timeout: 5_000 });
  return [...(stdout ?? '').matchAll(/(?:=>\s+|^\s*)(\/\S+)\s+\(0x/gm)].map(([, file = '']) => file);
}
