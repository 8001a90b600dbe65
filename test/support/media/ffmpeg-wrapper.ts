/**
 * Wrappers of ffmpeg and ffprobe that run a script first and then the real program. A wrapper can write to no file outside
 * its job, so it tells of itself by a named pipe, and reads its script from another.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sleeperOf, uniqueSeconds } from './contained.ts';
import { ffmpegPath, ffprobePath } from './media.ts';

/** The wrapped programs, and what they were called with. */
export interface FfmpegWrapper {
  /** The folder of the wrappers. */
  folder: string;
  /** For `TRESGO_FFMPEG`. */
  ffmpeg: string;
  /** The programs that were called so far. */
  calls: readonly string[];
  /** Lets the nth call from now on hang for ever. Null = no call hangs. */
  hangAt(nth: number | null): void;
  /** The process number of the call that hangs; null where none does. */
  hanging(): number | null;
  remove(): Promise<void>;
}

/** Opens a named pipe for both ways, so that neither opening nor reading waits for the other side. */
function openPipe(file: string): number {
  execFileSync('mkfifo', ['-m', '666', file]);
  return openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
}

/**
 * All users may read and run the wrappers, since the server's children run as nobody.
 * @param others further programs, by their names
 */
export async function createFfmpegWrapper(others: Record<string, string> = {}): Promise<FfmpegWrapper> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tresgo-ffmpeg-'));
  const [said, told, lock] = ['said', 'told', 'lock'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  await chmod(folder, 0o755);
  await writeFile(lock, '', { mode: 0o644 });
  const script = openPipe(told);
  const calls: string[] = [];
  let hang: { at: number; seconds: string } | null = null;

  /** Removes the script of a wrapper that was killed before it read it. */
  function drain(): void {
    try {
      while (readSync(script, Buffer.alloc(4_096)) > 0);
    } catch {
      // It is empty.
    }
  }

  const heard = new Socket({ fd: openPipe(said), readable: true, writable: false });
  let rest = '';
  heard.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const program of lines) {
      calls.push(program);
      drain();
      writeSync(script, hang?.at === calls.length ? `exec sleep ${hang.seconds}\n` : ':\n');
    }
  });

  async function write(program: string, real: string): Promise<string> {
    const file = path.join(folder, program);
    const ask = `{ flock 9; echo ${program} > ${said}; read -r script < ${told}; } 9< ${lock}`;
    await writeFile(file, ['#!/bin/sh', ask, 'eval "$script"', `exec '${real}' "$@"`, ''].join('\n'));
    await chmod(file, 0o755);
    return file;
  }
  const ffmpeg = await write('ffmpeg', ffmpegPath());
  await write('ffprobe', ffprobePath());
  for (const [program, real] of Object.entries(others)) await write(program, real);
  return {
    ...{ folder, ffmpeg, calls },
    hangAt(nth) {
      hang = nth === null ? null : { at: calls.length + nth, seconds: uniqueSeconds(600) };
    },
    hanging: () => (hang ? sleeperOf(hang.seconds) : null),
    async remove() {
      heard.destroy();
      closeSync(script);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
