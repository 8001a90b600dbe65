/** Programs of the jobs that do what a script says before they are the real ones. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ffmpegPath, ffprobePath } from './media.ts';

export interface FfmpegWrapper {
  /** Where they lie, ffmpeg and ffprobe among them. */
  folder: string;
  /** For `TRESGO_FFMPEG`. */
  ffmpeg: string;
  /** Each call so far: its process and the program. */
  calls(): Promise<Array<{ pid: number; program: string }>>;
  /** What happens at the nth call from now on, in the words of sh; `$real` and its arguments come after it. Null = nothing. */
  atCall(nth: number | null, script?: string): Promise<void>;
  remove(): Promise<void>;
}

/** A script for `atCall` that never ends. */
export const HANG = 'exec sleep 600';

/**
 * Everybody may read and run them, since the server's children are nobody.
 * @param others further programs, by their names
 */
export async function createFfmpegWrapper(others: Record<string, string> = {}): Promise<FfmpegWrapper> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tresgo-ffmpeg-'));
  const log = path.join(folder, 'calls');
  const fault = path.join(folder, 'fault.sh');
  await chmod(folder, 0o755);
  await writeFile(log, '');
  await chmod(log, 0o666);
  const write = async (program: string, real: string) => {
    const file = path.join(folder, program);
    const lines = ['#!/bin/sh', `real=${real}`, `echo "$$ ${program}" >> ${log}`, `. ${fault}`, 'exec "$real" "$@"'];
    await writeFile(file, `${lines.join('\n')}\n`);
    await chmod(file, 0o755);
    return file;
  };
  const calls = async () =>
    (await readFile(log, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => ({ pid: Number(line.split(' ')[0]), program: line.split(' ')[1] ?? '' }));
  const atCall = async (nth: number | null, script = HANG) => {
    const before = (await calls()).length;
    const when = nth === null ? ':' : `if [ "$(wc -l < ${log})" = "${before + nth}" ]; then ${script}; fi`;
    await writeFile(fault, `${when}\n`);
    await chmod(fault, 0o644);
  };
  await atCall(null);
  const ffmpeg = await write('ffmpeg', ffmpegPath());
  await write('ffprobe', ffprobePath());
  for (const [program, real] of Object.entries(others)) await write(program, real);
  return { folder, ffmpeg, calls, atCall, remove: () => rm(folder, { recursive: true, force: true }) };
}
