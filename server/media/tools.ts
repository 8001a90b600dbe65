/**
 * ffmpeg and ffprobe as hostile media may meet them. The recording itself comes as standard input, its demuxer forced, so
 * the child needs to open no file outside its own folder, and is allowed to open none.
 */
import { constants, copyFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { JobError } from '../jobs/job-error.ts';
import type { Limits, RunProcess } from '../jobs/process.ts';
import { type Container, isContainer, isIndexInFront } from './container-layout.ts';
import { MAX_PIXELS, MAX_STREAMS } from './limits.ts';
import { failureOf } from './refusal.ts';

/** Media as an input: a file outside the child's folder that it gets as standard input, or one inside. */
export interface Input {
  container: Container;
  bytes: number;
  stdin: string | null;
  /** Its name in the folder; null = standard input. */
  name: string | null;
}

/** Where a job works, and until when. */
export interface Workplace {
  folder: string;
  signal: AbortSignal;
}

export interface ToolOptions extends Workplace {
  /** What comes before `-i` besides what every input gets. */
  before?: readonly string[];
  /** What comes after it. */
  args: readonly string[];
  limits: Limits;
  onStdout?: (text: string) => void;
}

export interface Tools {
  /** @throws JobError; @returns what was said on standard output */
  ffmpeg(input: Input, options: ToolOptions): Promise<string>;
  ffprobe(input: Input, options: ToolOptions): Promise<string>;
}

const DEMUXERS = { webm: 'matroska', mp4: 'mov' };
/** What browsers and phones record. The names of decoders, which alone are ever opened. */
const DECODERS = 'vp8,vp9,av1,libdav1d,libaom-av1,h264,hevc,opus,vorbis,aac';

function inputArgs({ container, name }: Input): string[] {
  const demuxer = DEMUXERS[container];
  return [
    ...['-protocol_whitelist', name === null ? 'pipe' : 'file', '-format_whitelist', demuxer],
    ...['-codec_whitelist', DECODERS, '-max_streams', String(MAX_STREAMS), '-max_pixels', String(MAX_PIXELS)],
    // Media that lies in other files.
    ...(container === 'mp4' ? ['-enable_drefs', '0', '-use_absolute_path', '0'] : []),
    // The last part of a recording that was cut off.
    ...['-fflags', '+discardcorrupt', '-threads', '1'],
    ...['-f', demuxer, '-i', name === null ? 'pipe:0' : `file:${name}`],
  ];
}

export function createTools({ ffmpeg, ffprobe, run }: { ffmpeg: string; ffprobe: string; run: RunProcess }): Tools {
  const start = async (command: string, args: string[], { stdin }: Input, options: ToolOptions) => {
    const { folder, signal, limits, onStdout } = options;
    const startedMs = performance.now();
    const end = await run({
      ...{ command, args, cwd: folder, stdin, limits, signal },
      ...(onStdout ? { onStdout } : {}),
    });
    const failure = failureOf(end, path.basename(command), limits, performance.now() - startedMs);
    if (failure) throw failure;
    return end.stdout;
  };
  return {
    ffmpeg: (input, options) => {
      const { before = [], args } = options;
      const quiet = ['-hide_banner', '-nostdin', '-nostats', '-v', 'error', '-y'];
      return start(ffmpeg, [...quiet, ...before, ...inputArgs(input), ...args], input, options);
    },
    ffprobe: (input, options) => {
      const { before = [], args } = options;
      // Why it does not go on is a warning to it.
      return start(ffprobe, ['-v', 'warning', ...before, ...inputArgs(input), ...args], input, options);
    },
  };
}

/**
 * The recording as an input for `use`. An MP4 whose index lies at the end can't be read from a pipe: for that time it has
 * a copy in the folder (ffmpeg's own way out, the protocol `cache`, leaves one in /tmp).
 * @throws JobError where its first bytes are another container's
 */
export async function withOriginal<T>(
  { source, container, folder }: { source: string; container: Container; folder: string },
  use: (input: Input) => Promise<T>,
): Promise<T> {
  const { size: bytes } = await stat(source);
  if (bytes === 0) throw new JobError('it is empty', { final: true });
  if (!(await isContainer(source, container))) throw new JobError(`it is no ${container} file`, { final: true });
  if (container === 'webm' || (await isIndexInFront(source, container)))
    return use({ container, bytes, stdin: source, name: null });
  const name = `original.${container}`;
  try {
    await copyFile(source, path.join(folder, name), constants.COPYFILE_FICLONE);
    return await use({ container, bytes, stdin: null, name });
  } finally {
    await rm(path.join(folder, name), { force: true });
  }
}

/** A file that was made in the folder. */
export async function madeInput(folder: string, name: string, container: Container): Promise<Input> {
  const { size } = await stat(path.join(folder, name));
  return { container, bytes: size, stdin: null, name };
}
