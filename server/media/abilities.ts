/**
 * What an ffmpeg can do. Versions and builds differ: ffmpeg 4 can't move the index of a WebM, and builds that are made small
 * lack filters and encoders. The program is asked once, so that no lack of it is taken for a fault of a recording.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { JobError, THEN_RETRY } from '../job-error.ts';
import type { Limits } from '../sandbox/containment.ts';
import type { RunProcess } from '../sandbox/process.ts';

/** What can be looked up in ffmpeg's lists. */
type Kind = 'filter' | 'encoder' | 'decoder' | 'muxer' | 'demuxer';

/** A part of ffmpeg, like `filter loudnorm`. */
export type Part = `${Kind} ${string}`;

/** What an ffmpeg can do. */
export interface Abilities {
  /** The program for people, with its version: `ffmpeg 5.1.9`. */
  name: string;
  /** Whether the WebM muxer can store the index in front by moving the media. */
  canMoveCues: boolean;
  /** Whether the lengths of packets can be set while they are copied. */
  canSetDurations: boolean;
  /** The parts of a list that this ffmpeg lacks. A list that the program did not print counts as complete. */
  lacks: (parts: readonly Part[]) => Part[];
}

/** An ffmpeg that has everything. */
export const ALL_ABILITIES: Abilities = { name: 'ffmpeg', canMoveCues: true, canSetDurations: true, lacks: () => [] };

/** The decoders of each codec that is read; `av1` by itself needs a graphics card. */
export const DECODERS: Record<string, string[]> = {
  vp8: ['vp8', 'libvpx'],
  vp9: ['vp9', 'libvpx-vp9'],
  av1: ['libdav1d', 'libaom-av1'],
  h264: ['h264'],
  hevc: ['hevc'],
  opus: ['opus', 'libopus'],
  vorbis: ['vorbis', 'libvorbis'],
  aac: ['aac', 'libfdk_aac'],
  // What Chromium and phones record as PCM.
  pcm_f32le: ['pcm_f32le'],
  pcm_s16le: ['pcm_s16le'],
  pcm_s16be: ['pcm_s16be'],
  pcm_s24le: ['pcm_s24le'],
};

/** What each result needs, besides a decoder. */
export const NEEDS = {
  poster: ['filter scale', 'encoder rawvideo', 'encoder mjpeg', 'muxer image2'],
  loudness: ['filter loudnorm', 'filter aresample', 'filter aformat'],
  speech: ['filter aresample', 'filter aformat', 'encoder pcm_s16le', 'muxer wav'],
} as const satisfies Record<string, readonly Part[]>;

const ASK_LIMITS: Limits = { wallMs: 60_000, cpuSeconds: 30, memoryBytes: 1 << 30, fileBytes: 1 << 20 };

/** Asks an ffmpeg what it can do. What it does not say counts as there. */
export async function askAbilities({
  ffmpeg,
  run,
  signal,
}: {
  ffmpeg: string;
  run: RunProcess;
  signal: AbortSignal;
}): Promise<Abilities> {
  const cwd = await mkdtemp(path.join(tmpdir(), 'tresgo-ask-'));
  const ask = async (...args: string[]): Promise<string> => {
    try {
      const end = await run({ command: ffmpeg, args, cwd, limits: ASK_LIMITS, signal });
      return end.status === 0 ? `${end.stderr}\n${end.stdout}` : '';
    } catch {
      signal.throwIfAborted();
      return '';
    }
  };
  try {
    const [muxer, setts, formats, filters, encoders, decoders] = await Promise.all([
      ask('-h', 'muxer=webm'),
      ask('-h', 'bsf=setts'),
      ask('-formats'),
      ask('-filters'),
      ask('-encoders'),
      ask('-decoders'),
    ]);
    const lists: Record<Kind, ReadonlySet<string> | null> = {
      filter: namesOf(filters),
      encoder: namesOf(encoders),
      decoder: namesOf(decoders),
      ...formatsOf(formats),
    };
    const version = /^ffmpeg version (\S+)/m.exec([muxer, formats, filters].join('\n'))?.[1];
    return {
      name: version ? `ffmpeg ${version}` : 'ffmpeg',
      canMoveCues: !/^\s+-\w+ +</m.test(muxer) || muxer.includes('-cues_to_front'),
      canSetDurations: setts === '' || /^\s+-duration +</m.test(setts),
      lacks: (parts) =>
        parts.filter((part) => {
          const [kind, name] = part.split(' ') as [Kind, string];
          return lists[kind] !== null && !lists[kind].has(name);
        }),
    };
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

/** Whether an ffmpeg can decode a codec. */
export function canDecode({ lacks }: Abilities, codec: string): boolean {
  const decoders = (DECODERS[codec] ?? [codec]).map((name) => `decoder ${name}` as const);
  return lacks(decoders).length < decoders.length;
}

/** What is left out with this ffmpeg, in words for people; empty where it can do everything. */
export function leftOut(abilities: Abilities): string[] {
  const { lacks } = abilities;
  const without = (what: string, parts: readonly Part[]) => {
    const missing = lacks(parts);
    return missing.length > 0 ? [`${what} (it has no ${missing.join(', no ')})`] : [];
  };
  const unread = Object.keys(DECODERS).filter((codec) => !canDecode(abilities, codec));
  return [
    ...without('copies of WebM', ['demuxer matroska', 'muxer webm']),
    ...without('copies of MP4', ['demuxer mov', 'muxer mp4']),
    ...without('posters', NEEDS.poster),
    ...without('even loudness', [...NEEDS.loudness, 'encoder libopus', 'encoder aac']),
    ...without('transcripts', NEEDS.speech),
    ...(unread.length > 0 ? [`posters, transcripts and checks of ${unread.join(', ')} (it has no decoder)`] : []),
  ];
}

/** @throws JobError, final, that names the program where it lacks one of the parts */
export function requireParts({ name, lacks }: Abilities, parts: readonly Part[]): void {
  const missing = lacks(parts);
  if (missing.length > 0) throw programLacks(`${name} has no ${missing.join(', no ')}`);
}

/** The error of a job that can't be done with this program. */
export function programLacks(what: string): JobError {
  return new JobError(`${what}: install a full ffmpeg, 5 or newer, ${THEN_RETRY}`, {
    final: true,
    isProgramsFault: true,
  });
}

/** The names in a list like ` ..C scale    V->V    Scale the input video size`; null where it is no list. */
function namesOf(text: string): ReadonlySet<string> | null {
  const names = [...text.matchAll(/^ [A-Z.|]{2,6} +([\w-]+)(?: |$)/gm)].map(([, name]) => name as string);
  return names.length > 0 ? new Set(names) : null;
}

/** The names in a list like `  E webm    WebM` or ` D  matroska,webm    Matroska / WebM`. */
function formatsOf(text: string): Record<'muxer' | 'demuxer', ReadonlySet<string> | null> {
  const lines = [...text.matchAll(/^ ([D ])([E ])[d ]? *([\w,]+)(?: |$)/gm)];
  const having = (at: 1 | 2) => {
    const names = lines.filter((line) => line[at] !== ' ').flatMap((line) => (line[3] as string).split(','));
    return names.length > 0 ? new Set(names) : null;
  };
  return { demuxer: having(1), muxer: having(2) };
}
