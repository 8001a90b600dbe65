/** How a recording is copied: the container, and the sound, which is copied or encoded anew. */
import type { Container } from '../../storage/types.ts';
import { JobError } from '../job-error.ts';
import { type Abilities, NEEDS, requireParts } from './abilities.ts';
import { type Contents, largestGapMs, type Track } from './contents.ts';

/** A plan for ffmpeg. */
export interface CopyPlan {
  container: Container;
  /** ffmpeg's arguments after the input, without the name of the copy. */
  args: string[];
  /** The codec that the sound is encoded with; null where it is copied. */
  audioCodec: string | null;
  /** What was asked for and is left out, for people; null where all is done. */
  leftOut: string | null;
}

/** The bit rate of sound that is encoded anew. */
export const AUDIO_BITS_PER_SECOND = 96_000;
/** Keeps the sound in time with the picture: where no sound was recorded, it adds silence. */
export const ON_TIME = 'aresample=async=1:first_pts=0';
/**
 * Before `ON_TIME`, which holds a whole gap in memory: an hour takes 248 MB so, and more than 1 GiB as it is decoded.
 * Measured with ffmpeg 5.1.
 */
export const SMALL_SAMPLES = 'aformat=sample_fmts=s16:channel_layouts=mono:sample_rates=16000';
/** Up to a gap of this length, decoded sound of two channels fits into memory. */
const SMALL_GAP_MS = 600_000;

/** The codecs that players support in each container. The first container that fits is taken. */
const FITS: [Container, { video: string[]; audio: string[] }][] = [
  ['webm', { video: ['vp8', 'vp9', 'av1'], audio: ['opus', 'vorbis'] }],
  ['mp4', { video: ['h264', 'hevc', 'vp9', 'av1'], audio: ['aac', 'opus'] }],
];
/** Sound that browsers and phones record and no player supports in these containers: it is encoded anew. */
const ENCODED_ANEW = ['pcm_f32le', 'pcm_s16le', 'pcm_s16be', 'pcm_s24le'];
/** EBU R128, at the loudness of podcasts and phones. loudnorm gives 192 kHz, which is not a rate for a file. */
const LOUDNESS = 'loudnorm=I=-16:TP=-1.5:LRA=11,aresample=48000';
const ENCODERS = { webm: ['libopus', 'opus'], mp4: ['aac', 'aac'] } as const;
/** An entry of a WebM's index takes fewer bytes. */
const CUE_BYTES = 64;
const CUES_HEAD_BYTES = 1_024;

/**
 * Plans a copy.
 * @throws JobError where no container is allowed to have the recording's codecs, or the program lacks what is needed
 */
export function planCopy(contents: Contents, normalizeAudio: boolean, abilities: Abilities): CopyPlan {
  const { video, audio } = contents;
  requireKnown('video', video);
  requireKnown('audio', audio);
  const isAnew = audio !== null && ENCODED_ANEW.includes(audio.codec);
  const leftOut = normalizeAudio && audio ? reasonAgainstLoudness(contents, abilities) : null;
  const isLoud = normalizeAudio && audio !== null && leftOut === null;
  const container = containerFor(contents, isAnew || isLoud);
  requireParts(abilities, [`muxer ${container}`]);
  if (isAnew) requireParts(abilities, ['filter aresample', 'filter aformat', `encoder ${ENCODERS[container][0]}`]);
  const args = [
    // No other streams, and no metadata.
    ...[video, audio].flatMap((track) => (track ? ['-map', `0:${track.index}`] : [])),
    ...['-map_metadata', '-1', '-map_chapters', '-1', '-c', 'copy'],
    ...(audio && (isAnew || isLoud) ? encodeArgs(contents, container, isLoud) : []),
    // Safari plays HEVC only under the tag hvc1.
    ...(video?.codec === 'hevc' ? ['-tag:v', 'hvc1'] : []),
    ...(container === 'webm' ? indexArgs(contents, abilities) : ['-movflags', '+faststart']),
    ...(container === 'mp4' ? lastPacketArgs(contents, isAnew || isLoud, abilities) : []),
    // ffmpeg 4 has Opus in MP4 as an experiment.
    ...['-strict', 'experimental', '-fflags', '+bitexact', '-progress', 'pipe:1', '-f', container],
  ];
  return { container, args, audioCodec: isAnew || isLoud ? ENCODERS[container][1] : null, leftOut };
}

function requireKnown(kind: 'video' | 'audio', track: Track | null): void {
  if (!track) return;
  const isKnown =
    FITS.some(([, codecs]) => codecs[kind].includes(track.codec)) ||
    (kind === 'audio' && ENCODED_ANEW.includes(track.codec));
  if (!isKnown) throw new JobError(`its ${kind} codec ${track.codec} is not allowed`, { final: true });
}

function containerFor({ video, audio }: Contents, isEncoded: boolean): Container {
  const fit = FITS.find(
    ([, codecs]) =>
      (!video || codecs.video.includes(video.codec)) && (!audio || isEncoded || codecs.audio.includes(audio.codec)),
  );
  if (!fit) throw new JobError(`no container has both ${video?.codec} and ${audio?.codec}`, { final: true });
  return fit[0];
}

function reasonAgainstLoudness(contents: Contents, { name, lacks }: Abilities): string | null {
  const missing = lacks([...NEEDS.loudness, `encoder ${ENCODERS[containerFor(contents, true)][0]}`]);
  if (missing.length > 0) return `its loudness is as recorded: ${name} has no ${missing.join(', no ')}`;
  if (largestGapMs(contents) > SMALL_GAP_MS) return 'its loudness is as recorded: its sound has too long a gap';
  return null;
}

function encodeArgs(contents: Contents, container: Container, isLoud: boolean): string[] {
  const samples = largestGapMs(contents) > SMALL_GAP_MS ? [SMALL_SAMPLES] : [];
  const filters = [...samples, ON_TIME, ...(isLoud ? [LOUDNESS] : [])];
  return ['-af', filters.join(','), '-c:a', ENCODERS[container][0], '-b:a', String(AUDIO_BITS_PER_SECOND)];
}

/** ffmpeg 4 can't move the index of a WebM to the front, but keeps room for it there. */
function indexArgs({ video, audio, durationMs }: Contents, { canMoveCues }: Abilities): string[] {
  if (canMoveCues) return ['-cues_to_front', '1'];
  // Without a picture there is one entry a cluster, which lasts for 5 s, or none at all.
  const entries = video ? video.keys : Math.min(audio?.packets ?? 0, Math.ceil(durationMs / 1_000));
  return ['-reserve_index_space', String(CUES_HEAD_BYTES + entries * CUE_BYTES)];
}

/**
 * An MP4's track ends after a duration. Recordings often do not say how long their last packet lasts, and players then leave
 * it out: it gets the length of the packet before.
 */
function lastPacketArgs({ video, audio }: Contents, isEncoded: boolean, { canSetDurations }: Abilities): string[] {
  if (!canSetDurations) return [];
  const set = (kind: 'v' | 'a', { lastStepMs }: Track) =>
    lastStepMs > 0
      ? [
          `-bsf:${kind}`,
          `setts=pts=PTS:dts=DTS:duration=if(gt(DURATION\\,0)\\,DURATION\\,${(lastStepMs / 1_000).toFixed(6)}/TB)`,
        ]
      : [];
  return [...(video ? set('v', video) : []), ...(audio && !isEncoded ? set('a', audio) : [])];
}
