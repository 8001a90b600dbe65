/**
 * What is made of a recording: a copy that can be sought in, a poster, and sound for a speech engine. The recording is only
 * ever read, and by children that are held in; nothing else than files in the job's folder comes of it.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { checkCopy } from '../media/check.ts';
import type { Container } from '../media/container-layout.ts';
import { type Contents, readContents } from '../media/contents.ts';
import { DURATION_TOLERANCE_MS, limitsFor } from '../media/limits.ts';
import { makePoster } from '../media/poster.ts';
import { createTools, madeInput, withOriginal } from '../media/tools.ts';
import { JobError } from './job-error.ts';
import type { RunProcess } from './process.ts';

export interface MediaDeps {
  /** Paths of the programs. */
  ffmpeg: string;
  ffprobe: string;
  run: RunProcess;
}

export interface MediaOptions {
  source: string;
  /** What the first bytes say. */
  container: Container;
  /** Empty, of this job alone, on the disk where results go. */
  folder: string;
  signal: AbortSignal;
}

export interface RemuxOptions extends MediaOptions {
  normalizeAudio: boolean;
  /** From 0 to 1. */
  onProgress: (fraction: number) => void;
}

export interface Remuxed {
  /** `copy.webm` or `copy.mp4` in the folder. */
  copy: string;
  /** Null where there is no picture. */
  poster: string | null;
  durationMs: number;
  /** The recording says that it lasts longer than what could be read of it. */
  cutOff: boolean;
}

export interface Speech {
  wavFile: string;
  durationMs: number;
}

export type Media = ReturnType<typeof createMedia>;

/** Which codecs players know in which container, the one that is tried first in front. */
const FITS: [Container, { video: string[]; audio: string[] }][] = [
  ['webm', { video: ['vp8', 'vp9', 'av1'], audio: ['opus', 'vorbis'] }],
  ['mp4', { video: ['h264', 'hevc', 'vp9', 'av1'], audio: ['aac', 'opus'] }],
];
/** EBU R128, at the loudness of podcasts and phones; the rate that it works at is not one for a file. */
const LOUDNESS = 'loudnorm=I=-16:TP=-1.5:LRA=11,aresample=48000';
/** Sound keeps to the picture's clock: silence where nothing was recorded. */
const ON_TIME = 'aresample=async=1:first_pts=0';
const ENCODERS = { webm: ['libopus', 'opus'], mp4: ['aac', 'aac'] } as const;
const AUDIO_BITS_PER_SECOND = 96_000;
/** 16 kHz, 16 bit, mono. */
const SPEECH_BYTES_PER_MS = 32;
const WAV_HEAD_BYTES = 44;
/** More than the last cluster of a recording that was not closed. */
const CUT_OFF_MS = 2_000;

export function createMedia(deps: MediaDeps) {
  const tools = createTools(deps);
  return {
    /**
     * Makes the copy and the poster, and checks them. The end of a recording that was cut off is left out.
     * @throws JobError: final where it is the recording's fault
     */
    async remux(options: RemuxOptions): Promise<Remuxed> {
      const { folder, signal, normalizeAudio, onProgress } = options;
      const workplace = { folder, signal };
      const { original, container, isNormalized } = await withOriginal(options, async (input) => {
        const original = await readContents(tools, input, workplace);
        const isNormalized = normalizeAudio && original.audio !== null;
        const container = containerFor(original, isNormalized);
        const audioBytes = (original.durationMs / 8_000) * AUDIO_BITS_PER_SECOND;
        await tools.ffmpeg(input, {
          ...workplace,
          args: [...copyArgs(original, container, isNormalized), `copy.${container}`],
          limits: limitsFor(
            isNormalized
              ? { sourceBytes: input.bytes, decodedMs: original.durationMs, extraBytes: audioBytes }
              : { sourceBytes: input.bytes },
          ),
          onStdout: tellProgress(original.durationMs, onProgress),
        });
        return { original, container, isNormalized };
      });
      const name = `copy.${container}`;
      const made = { ...(await madeInput(folder, name, container)), name };
      const audioCodec = isNormalized ? ENCODERS[container][1] : null;
      const contents = await checkCopy(tools, original, { input: made, container, audioCodec }, workplace);
      const poster = await makePoster(tools, contents, made, workplace);
      onProgress(1);
      return {
        copy: path.join(folder, name),
        poster,
        durationMs: Math.round(original.durationMs),
        cutOff: (original.declaredMs ?? 0) - original.durationMs > CUT_OFF_MS,
      };
    },

    /**
     * The sound as 16 kHz mono 16 bit PCM in a WAV file, on the clock of the copy; null where there is none.
     * @throws JobError
     */
    async extractSpeech(options: MediaOptions): Promise<Speech | null> {
      const { folder, signal } = options;
      const workplace = { folder, signal };
      const wavFile = path.join(folder, 'speech.wav');
      return withOriginal(options, async (input) => {
        const { audio, startMs, durationMs } = await readContents(tools, input, workplace);
        if (!audio) return null;
        await tools.ffmpeg(input, {
          ...workplace,
          args: [
            ...['-map', '0:a:0', '-map_metadata', '-1', '-af', ON_TIME, '-ar', '16000', '-ac', '1'],
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

/** @throws JobError */
function containerFor({ video, audio }: Contents, isNormalized: boolean): Container {
  const isKnown = (kind: 'video' | 'audio', codec: string) => FITS.some(([, codecs]) => codecs[kind].includes(codec));
  for (const [kind, track] of [
    ['video', video],
    ['audio', audio],
  ] as const)
    if (track && !isKnown(kind, track.codec))
      throw new JobError(`its ${kind} codec ${track.codec} is not allowed`, { final: true });
  const fit = FITS.find(
    ([, codecs]) =>
      (!video || codecs.video.includes(video.codec)) && (!audio || isNormalized || codecs.audio.includes(audio.codec)),
  );
  if (!fit) throw new JobError(`no container has both ${video?.codec} and ${audio?.codec}`, { final: true });
  return fit[0];
}

function copyArgs({ video }: Contents, container: Container, isNormalized: boolean): string[] {
  return [
    // The first picture, no cover, and the first sound: nothing else that may be in there.
    ...['-map', '0:V:0?', '-map', '0:a:0?', '-map_metadata', '-1', '-map_chapters', '-1', '-c', 'copy'],
    ...(isNormalized ? ['-af', `${ON_TIME},${LOUDNESS}`, '-c:a', ENCODERS[container][0]] : []),
    ...(isNormalized ? ['-b:a', String(AUDIO_BITS_PER_SECOND)] : []),
    // What Safari wants an HEVC picture to be called.
    ...(video?.codec === 'hevc' ? ['-tag:v', 'hvc1'] : []),
    ...(container === 'webm' ? ['-cues_to_front', '1'] : ['-movflags', '+faststart']),
    ...['-fflags', '+bitexact', '-progress', 'pipe:1', '-f', container],
  ];
}

/** ffmpeg reports `out_time_us=1234567`, a line of many. */
function tellProgress(durationMs: number, onProgress: (fraction: number) => void): (text: string) => void {
  return (text) => {
    const us = [...text.matchAll(/^out_time_us=(\d+)$/gm)].at(-1)?.[1];
    // The rest is for the checks.
    if (us !== undefined) onProgress(Math.min(0.9, (0.9 * Number(us)) / 1_000 / durationMs));
  };
}
