/** A media job without a catalog: a recording, an empty private folder, the real ffmpeg, and checks by a plain ffprobe. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createMedia, type Remuxed } from '../../../server/media/index.ts';
import { type Containment, containmentHere } from '../../../server/sandbox/containment.ts';
import { createProcesses, type RunProcess } from '../../../server/sandbox/process.ts';
import { ffmpegPath, ffprobePath, programFolders } from './media.ts';

/** How a media job is run in a test. */
export interface RunOptions {
  container?: 'webm' | 'mp4';
  normalizeAudio?: boolean;
  onProgress?: (fraction: number) => void;
  signal?: AbortSignal;
}

/** What a plain ffprobe says of a file. */
export interface Judgement {
  formatName: string;
  durationSeconds: number;
  streams: string[];
  packets: number[];
}

const VIDEO = {
  vp8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '80k'],
  vp9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '80k'],
  h264: ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '30'],
  hevc: ['-c:v', 'libx265', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-x265-params', 'log-level=none'],
  mpeg4: ['-c:v', 'mpeg4'],
  mjpeg: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'],
};
const AUDIO = {
  opus: ['-c:a', 'libopus', '-b:a', '32k'],
  aac: ['-c:a', 'aac', '-b:a', '32k'],
  vorbis: ['-c:a', 'libvorbis'],
  pcm: ['-c:a', 'pcm_s16le'],
  float: ['-c:a', 'pcm_f32le'],
};

/** How a recording is made. Without `video` or `audio` the recording has none. */
export interface Recipe {
  video?: keyof typeof VIDEO;
  audio?: keyof typeof AUDIO;
  seconds?: number;
  size?: string;
  /** A filter for the picture or the sound. */
  vf?: string;
  af?: string;
  /** The muxer and its options. `LIKE_MEDIA_RECORDER` has neither duration nor index. */
  format: readonly string[];
}

/** ffmpeg's arguments for WebM as MediaRecorder writes it: without a length and an index. */
export const LIKE_MEDIA_RECORDER = ['-live', '1', '-cluster_time_limit', '1000', '-f', 'webm'];
/** The same as Matroska, which is no WebM. */
export const MATROSKA = ['-live', '1', '-f', 'matroska'];
/** As browsers encode: no picture refers to a later one. */
export const FRAGMENTED_MP4 = ['-bf', '0', '-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-f', 'mp4'];
/** MP4 whose index comes after the media, as phones write it. */
export const MP4_INDEX_AT_END = ['-f', 'mp4'];

/** The recordings of browsers and phones, and what their copies are. */
export const KINDS: [string, Recipe, { extension: string; streams: string[] }][] = [
  [
    'vp8.webm',
    { video: 'vp8', audio: 'opus', format: LIKE_MEDIA_RECORDER },
    { extension: 'webm', streams: ['vp8', 'opus'] },
  ],
  [
    'vp9.webm',
    { video: 'vp9', audio: 'opus', format: LIKE_MEDIA_RECORDER },
    { extension: 'webm', streams: ['vp9', 'opus'] },
  ],
  [
    'vorbis.webm',
    { video: 'vp8', audio: 'vorbis', format: LIKE_MEDIA_RECORDER },
    { extension: 'webm', streams: ['vp8', 'vorbis'] },
  ],
  ['silent.webm', { video: 'vp8', format: LIKE_MEDIA_RECORDER }, { extension: 'webm', streams: ['vp8'] }],
  ['voice.webm', { audio: 'opus', format: LIKE_MEDIA_RECORDER }, { extension: 'webm', streams: ['opus'] }],
  ['h264.webm', { video: 'h264', audio: 'opus', format: MATROSKA }, { extension: 'mp4', streams: ['h264', 'opus'] }],
  ['vp9-aac.webm', { video: 'vp9', audio: 'aac', format: MATROSKA }, { extension: 'mp4', streams: ['vp9', 'aac'] }],
  [
    'fragments.mp4',
    { video: 'h264', audio: 'aac', format: FRAGMENTED_MP4 },
    { extension: 'mp4', streams: ['h264', 'aac'] },
  ],
  [
    'end.mp4',
    { video: 'h264', audio: 'aac', format: MP4_INDEX_AT_END },
    { extension: 'mp4', streams: ['h264', 'aac'] },
  ],
  ['hevc.mp4', { video: 'hevc', audio: 'aac', format: FRAGMENTED_MP4 }, { extension: 'mp4', streams: ['hevc', 'aac'] }],
  ['vp9.mp4', { video: 'vp9', audio: 'opus', format: FRAGMENTED_MP4 }, { extension: 'webm', streams: ['vp9', 'opus'] }],
  ['voice.mp4', { audio: 'aac', format: FRAGMENTED_MP4 }, { extension: 'mp4', streams: ['aac'] }],
];

/** This machine's containment without the lowest priority: beside other tests, children would wait for minutes. */
export function eagerContainment(): Containment {
  const here = containmentHere(programFolders);
  return {
    ...here,
    wrap: (...of) => {
      const line = here.wrap(...of);
      const at = line.indexOf('chrt');
      return at < 0 ? line : (line.toSpliced(at, 3) as [string, ...string[]]);
    },
  };
}

/** Opens a folder for one test file; `media` is what is tested. */
export function openMediaJobs({
  ffmpeg = ffmpegPath(),
  ffprobe = ffprobePath(),
  run = createProcesses({ programFolders, containment: eagerContainment() }).run,
}: {
  ffmpeg?: string;
  ffprobe?: string;
  run?: RunProcess;
} = {}) {
  const root = mkdtempSync(path.join(tmpdir(), 'tresgo-media-'));
  const media = createMedia({ ffmpeg, ffprobe, run });
  const newFolder = () => mkdtemp(path.join(root, 'job-'));
  return {
    root,
    media,
    newFolder,
    remove: () => rmSync(root, { recursive: true, force: true }),

    /** Makes a recording and returns its path. */
    record(name: string, { video, audio, seconds = 3, size = '160x120', vf, af, format }: Recipe): string {
      const file = path.join(root, name);
      execFileSync(ffmpegPath(), [
        ...['-nostdin', '-v', 'error', '-y'],
        ...(video ? ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=15:duration=${seconds}`] : []),
        ...(audio ? ['-f', 'lavfi', '-i', `sine=frequency=330:sample_rate=48000:duration=${seconds}`] : []),
        ...(vf ? ['-vf', vf, '-fps_mode', 'passthrough', '-enc_time_base', '1/1000'] : []),
        ...(af ? ['-af', af] : []),
        ...[...(video ? VIDEO[video] : []), ...(audio ? AUDIO[audio] : []), ...format, file],
      ]);
      return file;
    },

    /** A recording of one of the KINDS, made at the first call. */
    kind(name: string): string {
      const file = path.join(root, name);
      const recipe = KINDS.find(([each]) => each === name)?.[1];
      return existsSync(file) || !recipe ? file : this.record(name, recipe);
    },

    async remux(source: string, options: RunOptions = {}): Promise<Remuxed & { folder: string }> {
      const { container = containerOf(source), normalizeAudio = false, onProgress = () => {} } = options;
      const folder = await newFolder();
      const { signal = new AbortController().signal } = options;
      return { ...(await media.remux({ source, container, folder, normalizeAudio, signal, onProgress })), folder };
    },

    async extractSpeech(source: string) {
      const options = { source, container: containerOf(source), folder: await newFolder() };
      return media.extractSpeech({ ...options, signal: new AbortController().signal });
    },
  };
}

/** The container that the first bytes of a file name. */
export function containerOf(file: string): 'webm' | 'mp4' {
  return readFileSync(file).toString('latin1', 4, 8) === 'ftyp' ? 'mp4' : 'webm';
}

/** Reads a file with a plain ffprobe, which knows nothing of our limits. */
export function judge(file: string): Judgement {
  const entries = 'format=format_name,duration:stream=codec_name,nb_read_packets';
  const json = execFileSync(ffprobePath(), [
    '-v',
    'error',
    '-count_packets',
    '-show_entries',
    entries,
    '-of',
    'json',
    file,
  ]);
  const { format, streams } = JSON.parse(String(json)) as {
    format: { format_name: string; duration?: string };
    streams: { codec_name: string; nb_read_packets: string }[];
  };
  return {
    formatName: format.format_name,
    durationSeconds: Number(format.duration ?? Number.NaN),
    streams: streams.map((stream) => stream.codec_name),
    packets: streams.map((stream) => Number(stream.nb_read_packets)),
  };
}

/** The time of the first packet that is read after a seek to `seconds`, in seconds. */
export function seek(file: string, seconds: number): number {
  const args = ['-v', 'error', '-read_intervals', `${seconds}%+#1`, '-select_streams', 'v:0'];
  const shown = ['-show_entries', 'packet=pts_time', '-of', 'csv=p=0'];
  return Number.parseFloat(String(execFileSync(ffprobePath(), [...args, ...shown, file])));
}

/** Everything about a recording that must not change. */
export function fingerprint(file: string): string {
  const { mtimeMs, size, mode, uid } = statSync(file);
  return JSON.stringify([mtimeMs, size, mode, uid, createHash('sha256').update(readFileSync(file)).digest('hex')]);
}
