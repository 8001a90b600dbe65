/** ffmpeg under strace: every file, connection and program that it asks for. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ffmpegPath, ffprobePath } from '../../support/media/media.ts';

const CALLS =
  'open,openat,openat2,creat,socket,connect,bind,sendto,sendmsg,execve,execveat,unlink,unlinkat,rename,renameat,renameat2,' +
  'link,linkat,symlink,symlinkat,mkdir,mkdirat,chdir,mount';

/** Writes scripts that run the programs under strace; a trace is stored in the folder in which a script was started. */
export function tracedPrograms(): { ffmpeg: string; ffprobe: string; remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'tresgo-traced-'));
  // Jobs run as another user, which has to reach the scripts.
  chmodSync(folder, 0o755);
  const write = (name: string, program: string) => {
    const file = path.join(folder, name);
    writeFileSync(
      file,
      `#!/bin/sh\nexec strace -f -qq -s 300 -o "$(mktemp trace.XXXXXX)" -e trace=${CALLS} ${program} "$@"\n`,
    );
    chmodSync(file, 0o755);
    return file;
  };
  return {
    ffmpeg: write('ffmpeg', ffmpegPath()),
    ffprobe: write('ffprobe', ffprobePath()),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** Libraries, and the system files that they read. */
const SYSTEM =
  /^(\/usr)?\/lib\/|^\/usr\/lib\d*\/|^\/etc\/(ld\.so|gcrypt\/)|^\/proc\/(self\/|sys\/crypto\/|filesystems|cpuinfo|meminfo|stat)|^\/sys\/|^\/dev\/(null|urandom|random|zero)$/;
/** Files that ffmpeg writes and reads in its own folder. */
const OWN = /^(file:)?(copy\.(webm|mp4)|original(-\d+)?\.(webm|mp4|txt)|poster\.(jpg|gray)|speech\.wav)$/;

/** The lines of a job's traces about any other file, connection or program; and the number of all lines. */
export function strayCalls(folder: string, programs: readonly string[]): { stray: string[]; lines: number } {
  const traces = readdirSync(folder).filter((name) => name.startsWith('trace.'));
  const lines = traces.flatMap((name) => readFileSync(path.join(folder, name), 'utf8').split('\n').filter(Boolean));
  const isHarmless = (line: string) => {
    const [, call = '', args = ''] = /^\d+\s+(?:<\.\.\. )?(\w+)(.*)$/.exec(line) ?? [];
    if (/^(\+\+\+|---)/.test(line.replace(/^\d+\s+/, '')) || / resumed>/.test(line)) return true;
    const file = /"([^"]*)"/.exec(args)?.[1] ?? '';
    if (call === 'execve') return programs.includes(file);
    if (call.startsWith('open')) return SYSTEM.test(file) || (OWN.test(file) && args.startsWith('(AT_FDCWD'));
    return false;
  };
  return { stray: lines.filter((line) => !isHarmless(line)), lines: lines.length };
}
