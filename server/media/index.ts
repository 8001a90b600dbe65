/**
 * Makes a seekable copy of a recording, a poster, and sound for a speech engine. Contained child processes read the
 * recording and never write to it; all results are files in the job's folder.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Container } from '../../storage/types.ts';
import { JobError } from '../job-error.ts';
import type { RunProcess } from '../sandbox/process.ts';
import { type Abilities, NEEDS, requireParts } from './abilities.ts';
import { checkCopy } from './check.ts';
import { largestGapMs, readContents } from './contents.ts';
import { AUDIO_BITS_PER_SECOND, ON_TIME, planCopy, SMALL_SAMPLES } from './copy-plan.ts';
import { DURATION_TOLERANCE_MS, limitsFor } from './limits.ts';
import { withOriginal } from './original.ts';
import { makePoster } from './poster.ts';
import { problemsOf } from './problems.ts';
import { createTools, madeInput } from './tools.ts';

export { type Abilities, ALL_ABILITIES, askAbilities, leftOut } from './abilities.ts';

interface MediaDeps {
  /** The program's path. */
  ffmpeg: string;
  /** The program's path. */
  ffprobe: string;
  run: RunProcess;
  /** What the programs can do; by default all. */
  abilities?: Abilities | undefined;
}

interface MediaOptions {
  /** The recording's path. */
  source: string;
  /** The container that the recording's first bytes name. */
  container: Container;
  /** The job's own folder, empty, on the disk where results are stored. */
  folder: string;
  signal: AbortSignal;
}

interface RemuxOptions extends MediaOptions {
  /** Whether the loudness of the copy is evened out. */
  normalizeAudio: boolean;
  /** Called with the part that is done, from 0 to 1. */
  onProgress: (fraction: number) => void;
}

/** The results of `remux`. */
export interface Remuxed {
  /** The path of `copy.webm` or `copy.mp4` in the job's folder. */
  copy: string;
  /** The poster's path; null where the recording has no picture. */
  poster: string | null;
  durationMs: number;
  /** What is wrong with the recording, for people; empty where nothing is. */
  problems: string[];
  /** What was asked for and is not there, for reasons that are not in the recording, for people. */
  leftOut: string[];
}

interface Speech {
  wavFile: string;
  durationMs: number;
}

/** Makes files of recordings. */
export type Media = ReturnType<typeof createMedia>;

/** 16 kHz, 16 bit, mono. */
const SPEECH_BYTES_PER_MS = 32;
const WAV_HEAD_BYTES = 44;
/** A longer gap gets a wrong length from ffmpeg. */
const MAX_GAP_MS = 7_000_000;
const DEMUXERS = { webm: 'demuxer matroska', mp4: 'demuxer mov' } as const;

/** Creates the functions that make files of a recording with ffmpeg. */
export function createMedia(deps: MediaDeps) {
  const tools = createTools(deps);
  const requireDemuxer = (container: Container) => requireParts(tools.abilities, [DEMUXERS[container]]);
  return {
    /**
     * Makes the copy and the poster, and checks them. A recording that was cut off is copied up to where it can be read.
     * @throws JobError, a final one where the recording is the reason
     */
    async remux(options: RemuxOptions): Promise<Remuxed> {
      const { folder, signal, normalizeAudio, onProgress } = options;
      const workplace = { folder, signal };
      const { original, plan, problems } = await withOriginal(tools, options, async (input, findings) => {
        requireDemuxer(input.container);
        const original = await readContents(tools, input, workplace);
        const plan = planCopy(original, normalizeAudio, tools.abilities);
        const audioBytes = (original.durationMs / 8_000) * AUDIO_BITS_PER_SECOND;
        await tools.ffmpeg(input, {
          ...workplace,
          args: [...plan.args, `copy.${plan.container}`],
          limits: limitsFor(
            plan.audioCodec
              ? { sourceBytes: input.bytes, decodedMs: original.durationMs, extraBytes: audioBytes }
              : { sourceBytes: input.bytes },
          ),
          onStdout: reportProgress(original.durationMs, onProgress),
        });
        return { original, plan, problems: problemsOf(original, findings, input) };
      });
      const { container, audioCodec } = plan;
      const name = `copy.${container}`;
      const made = { ...(await madeInput(folder, name, container)), name };
      const contents = await checkCopy(tools, original, { input: made, container, audioCodec }, workplace);
      const poster = await makePoster(tools, contents, made, workplace);
      onProgress(1);
      return {
        copy: path.join(folder, name),
        poster: poster.file,
        durationMs: Math.round(original.durationMs),
        problems,
        leftOut: [plan.leftOut, poster.problem].filter((each) => each !== null),
      };
    },

    /**
     * Writes the sound as 16 kHz mono 16 bit PCM to a WAV file, with the times of the copy. Null where there is no sound.
     * @throws JobError, a final one where the recording is the reason
     */
    async extractSpeech(options: MediaOptions): Promise<Speech | null> {
      const { folder, signal } = options;
      const workplace = { folder, signal };
      const wavFile = path.join(folder, 'speech.wav');
      return withOriginal(tools, options, async (input) => {
        requireDemuxer(input.container);
        const contents = await readContents(tools, input, workplace);
        const { audio, startMs, durationMs } = contents;
        if (!audio) return null;
        requireParts(tools.abilities, NEEDS.speech);
        tools.requireDecoder(audio.codec);
        if (largestGapMs(contents) > MAX_GAP_MS)
          throw new JobError(
            `its sound has a gap of ${inMinutes(largestGapMs(contents))} minutes; ${inMinutes(MAX_GAP_MS)} are allowed`,
            { final: true },
          );
        await tools.ffmpeg(input, {
          ...workplace,
          args: [
            ...['-map', `0:${audio.index}`, '-map_metadata', '-1', '-af', `${SMALL_SAMPLES},${ON_TIME}`],
            ...['-c:a', 'pcm_s16le', '-fflags', '+bitexact', '-f', 'wav', 'speech.wav'],
          ],
          limits: limitsFor({
            sourceBytes: input.bytes,
            decodedMs: durationMs,
            extraBytes: durationMs * SPEECH_BYTES_PER_MS,
          }),
        });
        const heardMs = ((await stat(wavFile)).size - WAV_HEAD_BYTES) / SPEECH_BYTES_PER_MS;
        if (heardMs < audio.endMs - startMs - DURATION_TOLERANCE_MS)
          throw new JobError(`only ${Math.round(heardMs)} ms of its sound can be decoded`, { final: true });
        return { wavFile, durationMs: Math.round(heardMs) };
      });
    },
  };
}

const inMinutes = (ms: number) => Math.floor(ms / 60_000);

/** Reads the lines `out_time_us=1234567` of ffmpeg's progress report. */
function reportProgress(durationMs: number, onProgress: (fraction: number) => void): (text: string) => void {
  return (text) => {
    const us = [...text.matchAll(/^out_time_us=(\d+)$/gm)].at(-1)?.[1];
    // The last tenth of the progress is for the checks.
    if (us !== undefined) onProgress(Math.min(0.9, (0.9 * Number(us)) / 1_000 / durationMs));
  };
}
