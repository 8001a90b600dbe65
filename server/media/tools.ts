/**
 * ffmpeg and ffprobe, run so that hostile media can do no harm. The recording is the child's standard input and its demuxer
 * is forced, so the child needs no file outside its own folder, and may open none.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Container } from '../../storage/types.ts';
import type { Limits } from '../sandbox/containment.ts';
import type { RunProcess } from '../sandbox/process.ts';
import { type Abilities, ALL_ABILITIES, canDecode, DECODERS, programLacks } from './abilities.ts';
import { failureOf } from './failures.ts';
import { MAX_PIXELS, MAX_STREAMS } from './limits.ts';

/** A media file as an input: a file outside the child's folder, read as standard input, or a file inside the folder. */
export interface Input {
  container: Container;
  /** The size of the file. */
  bytes: number;
  /** The path of the file outside the folder; null = none. */
  stdin: string | null;
  /** The file's name in the folder; null = standard input. */
  name: string | null;
  /** Whether the file is a list of files in the folder, which are joined; by default not. */
  isList?: boolean;
}

/** A job's own folder, and the signal that stops the job. */
export interface Workplace {
  folder: string;
  signal: AbortSignal;
}

interface ToolOptions extends Workplace {
  /** Arguments before `-i`, besides the arguments that every input has. */
  before?: readonly string[];
  /** Arguments after the input. */
  args: readonly string[];
  limits: Limits;
  /** Gets the text of standard output, which is then not returned. */
  onStdout?: (text: string) => void;
}

/** Runs the two programs. */
export interface Tools {
  abilities: Abilities;
  /** Whether the programs can decode a codec. */
  canDecode: (codec: string) => boolean;
  /** @throws JobError, final, that names the program where it can't decode the codec */
  requireDecoder: (codec: string) => void;
  /**
   * @returns standard output
   * @throws JobError
   */
  ffmpeg(input: Input, options: ToolOptions): Promise<string>;
  /**
   * @returns standard output
   * @throws JobError
   */
  ffprobe(input: Input, options: ToolOptions): Promise<string>;
}

const DEMUXERS = { webm: 'matroska', mp4: 'mov' };
/**
 * The decoders for what browsers and phones record, and for covers and subtitles beside it; no other decoder is ever opened.
 * Covers and subtitles are left out, but ffprobe opens the decoder of each stream, and ends where it may not.
 */
const WHITELIST = ['av1', ...Object.values(DECODERS).flat(), 'mjpeg', 'png', 'bmp', 'mov_text', 'webvtt', 'subrip'];

function inputArgs({ container, name, isList = false }: Input): string[] {
  const demuxer = isList ? 'concat' : DEMUXERS[container];
  return [
    ...['-protocol_whitelist', name === null ? 'pipe' : 'file'],
    ...['-format_whitelist', isList ? `concat,${DEMUXERS[container]}` : demuxer],
    ...[
      '-codec_whitelist',
      WHITELIST.join(','),
      '-max_streams',
      String(MAX_STREAMS),
      '-max_pixels',
      String(MAX_PIXELS),
    ],
    // No media in other files; that is the default, too.
    ...(container === 'mp4' && !isList ? ['-enable_drefs', '0', '-use_absolute_path', '0'] : []),
    // The last packet of a recording that was cut off is dropped.
    ...['-fflags', '+discardcorrupt', '-threads', '1'],
    ...['-f', demuxer, '-i', name === null ? 'pipe:0' : `file:${name}`],
  ];
}

/** Creates the functions that run the programs at these paths. */
export function createTools({
  ffmpeg,
  ffprobe,
  run,
  abilities = ALL_ABILITIES,
}: {
  ffmpeg: string;
  ffprobe: string;
  run: RunProcess;
  abilities?: Abilities | undefined;
}): Tools {
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
    abilities,
    canDecode: (codec) => canDecode(abilities, codec),
    requireDecoder: (codec) => {
      if (!canDecode(abilities, codec)) throw programLacks(`${abilities.name} has no decoder for ${codec}`);
    },
    ffmpeg: (input, options) => {
      const { before = [], args } = options;
      const quiet = ['-hide_banner', '-nostdin', '-nostats', '-v', 'error', '-y'];
      return start(ffmpeg, [...quiet, ...before, ...inputArgs(input), ...args], input, options);
    },
    ffprobe: (input, options) => {
      const { before = [], args } = options;
      // ffprobe logs the reason for an early end as a warning.
      return start(ffprobe, ['-v', 'warning', ...before, ...inputArgs(input), ...args], input, options);
    },
  };
}

/** The path of an input's file. */
export const fileOf = ({ stdin, name }: Input, { folder }: Workplace): string => stdin ?? path.join(folder, name ?? '');

/** A file that was made in the folder, as an input. */
export async function madeInput(folder: string, name: string, container: Container): Promise<Input> {
  const { size } = await stat(path.join(folder, name));
  return { container, bytes: size, stdin: null, name };
}
