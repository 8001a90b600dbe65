/** ffmpeg under strace: every file that it asks for, every connection, every program. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ffmpegPath, ffprobePath } from '../../support/media.ts';

const CALLS =
  'open,openat,openat2,creat,socket,connect,bind,sendto,sendmsg,execve,execveat,unlink,unlinkat,rename,renameat,renameat2,' +
  'link,linkat,symlink,symlinkat,mkdir,mkdirat,chdir,mount';

/** Scripts that run the programs under strace. What it saw lies in the folder that they were started in. */
export function tracedPrograms(): { ffmpeg: string; ffprobe: string; remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'tresgo-traced-'));
  // Nobody has to get at them.
  chmodSync(folder, 0o755);
  const write = (name: string, program: string) => {
    const file = path.join(folder, name);
    writeFileSync(file, `#!/bin/sh\nexec strace -f -qq -s 300 -o trace.$$ -e trace=${CALLS} ${program} "$@"\n`);
    chmodSync(file, 0o755);
    return file;
  };
  return {
    ffmpeg: write('ffmpeg', ffmpegPath()),
    ffprobe: write('ffprobe', ffprobePath()),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** Libraries, and what they look at in the system. */
const SYSTEM =
  /^(\/usr)?\/lib\/|^\/usr\/lib\d*\/|^\/etc\/(ld\.so|gcrypt\/)|^\/proc\/(self\/|sys\/crypto\/|filesystems|cpuinfo|meminfo|stat)|^\/sys\/|^\/dev\/(null|urandom|random|zero)$/;
/** What it makes and reads again in its own folder. */
const OWN = /^(file:)?(copy\.(webm|mp4)|original\.(webm|mp4)|poster\.jpg|speech\.wav)$/;

/** The lines of a job's traces that tell of anything else; and how many lines there were. */
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
