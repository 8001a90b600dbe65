// Real media for the tests, made once by ffmpeg and kept in .cache/media, and a check of recordings.
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, link, mkdir, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locate } from '../install.mjs';

const cacheDir = fileURLToPath(new URL('../../../.cache/media', import.meta.url));

/** The words of the fake microphone. */
export const spokenWords =
  'My name is Anna Parker and I come from a small town near the sea. ' +
  'For the last four years I have worked as an engineer, and I enjoy solving hard problems with other people.';

/** Absolute paths of the files that Chromium's fake camera and microphone play. */
export interface FakeMedia {
  /** Moving picture, 640x480, 10 s. Chromium plays any mjpeg at 30 frames a second and starts again at its end. */
  readonly camera: string;
  /** Two spoken sentences, 48 kHz mono 16 bit PCM, about 12 s. Chromium repeats it. */
  readonly voice: string;
}

/** The result of decoding a whole media file. */
interface Probe {
  /** The end of the last packet of any stream. Files of MediaRecorder carry no duration of their own. */
  readonly durationSeconds: number;
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
  /** The picture's size as the header has it, e.g. `640x480`; empty without a picture. */
  readonly pictureSize: string;
  /** Frames that were decoded, none dropped or doubled. */
  readonly videoFrames: number;
  /** Frames that the file holds. */
  readonly videoPackets: number;
  /** ffmpeg's complaints, a line each; empty for a sound file. */
  readonly decodeErrors: string[];
}

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The folders of PATH, as the configuration has them. */
export const programFolders: string[] = (process.env.PATH ?? '').split(delimiter).filter(Boolean);

/** The ffmpeg to run (`TRESGO_FFMPEG`, else PATH). Throws an error that says how to install a missing one. */
export function ffmpegPath(): string {
  return found('ffmpeg', locate('ffmpeg'));
}

/** The ffprobe to run (beside `TRESGO_FFMPEG`, else PATH). Throws an error that says how to install a missing one. */
export function ffprobePath(): string {
  return found('ffprobe', locate('ffprobe'));
}

/** The fake camera and microphone, made at the first call on a machine. Throws ffmpeg's message where it fails. */
export async function fakeMedia(): Promise<FakeMedia> {
  const [camera, voice] = await Promise.all([
    cached('camera.mjpeg', [
      ...['-f', 'lavfi', '-i', 'testsrc2=size=640x480:rate=30:duration=10'],
      ...['-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-q:v', '12', '-f', 'mjpeg'],
    ]),
    cached('voice.wav', [
      ...['-f', 'lavfi', '-i', `flite=voice=slt:text='${spokenWords}'`],
      ...['-ar', '48000', '-ac', '1', '-c:a', 'pcm_s16le', '-bitexact', '-f', 'wav'],
    ]),
  ]);
  return { camera, voice };
}

/** A small and slow camera, which costs little to record, and the microphone of `fakeMedia`. */
export async function smallMedia(): Promise<FakeMedia> {
  // Chromium plays y4m at the rate that the file names.
  const camera = await cached('small.y4m', [
    ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=10:duration=10'],
    ...['-pix_fmt', 'yuv420p', '-f', 'yuv4mpegpipe'],
  ]);
  return { camera, voice: (await fakeMedia()).voice };
}

/** A camera in the dark and a microphone that brings silence, made as `fakeMedia` is. */
export async function darkAndSilentMedia(): Promise<FakeMedia> {
  const [camera, voice] = await Promise.all([
    cached('dark.mjpeg', [
      ...['-f', 'lavfi', '-i', 'color=c=0x101010:size=640x480:rate=30:duration=2'],
      ...['-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-q:v', '12', '-f', 'mjpeg'],
    ]),
    cached('silence.wav', [
      ...['-f', 'lavfi', '-i', 'anullsrc=r=48000:cl=mono', '-t', '5'],
      ...['-c:a', 'pcm_s16le', '-bitexact', '-f', 'wav'],
    ]),
  ]);
  return { camera, voice };
}

/**
 * A small real recording for tests of the API: WebM (VP8, Opus) or MP4 (H.264, AAC; begins with ftyp), 160x120, about
 * 15 kB a second. The same request gives the same file; other seconds, other bytes. Returns its absolute path.
 */
export function sampleVideo({ seconds, format }: { seconds: number; format: 'webm' | 'mp4' }): Promise<string> {
  const codecs = {
    webm: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-c:a', 'libopus'],
    mp4: ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-movflags', '+faststart'],
  }[format];
  return cached(`sample-${seconds}s.${format}`, [
    ...['-f', 'lavfi', '-i', `testsrc2=size=160x120:rate=15:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=330:sample_rate=48000:duration=${seconds}`],
    ...[...codecs, '-b:v', '80k', '-b:a', '32k', '-fflags', '+bitexact', '-f', format],
  ]);
}

/** Reads and decodes a whole media file. A file that is no media is reported in `decodeErrors`; a missing file throws. */
export async function probe(file: string): Promise<Probe> {
  await access(file);
  const [packets, decoding] = await Promise.all([
    run(ffprobePath(), [
      ...['-v', 'error', '-of', 'json', '-show_entries'],
      ...['stream=index,codec_type,width,height:packet=stream_index,pts_time,duration_time', file],
    ]),
    // passthrough: ffmpeg otherwise drops or doubles frames to keep an even rate.
    run(ffmpegPath(), [
      ...['-nostdin', '-v', 'error', '-nostats', '-progress', 'pipe:1', '-i', file],
      ...['-map', '0:v?', '-map', '0:a?', '-fps_mode', 'passthrough', '-f', 'null', '-'],
    ]),
  ]);
  const decodeErrors = [...new Set([...complaints(packets.stderr), ...complaints(decoding.stderr)])];
  if (packets.status !== 0) decodeErrors.push(`ffprobe ended with status ${packets.status}`);
  if (decoding.status !== 0) decodeErrors.push(`ffmpeg ended with status ${decoding.status}`);
  const frames = [...decoding.stdout.matchAll(/^frame=\s*(\d+)$/gm)].at(-1)?.[1];
  return { ...summary(packets.stdout), videoFrames: Number(frames ?? 0), decodeErrors };
}

/** Duration and kinds from ffprobe's list of packets; a stream without packets does not count. */
function summary(json: string): Omit<Probe, 'videoFrames' | 'decodeErrors'> {
  const { streams = [], packets = [] } = JSON.parse(json || '{}') as {
    streams?: { index: number; codec_type: string; width?: number; height?: number }[];
    packets?: { stream_index: number; pts_time?: string; duration_time?: string }[];
  };
  const count = (kind: string) => {
    const of = new Set(streams.filter((stream) => stream.codec_type === kind).map(({ index }) => index));
    return packets.filter((each) => of.has(each.stream_index)).length;
  };
  let durationSeconds = 0;
  for (const packet of packets) {
    durationSeconds = Math.max(durationSeconds, Number(packet.pts_time ?? 0) + Number(packet.duration_time ?? 0));
  }
  const picture = streams.find(({ width }) => width);
  const pictureSize = picture ? `${picture.width}x${picture.height}` : '';
  const videoPackets = count('video');
  return { durationSeconds, hasVideo: videoPackets > 0, hasAudio: count('audio') > 0, pictureSize, videoPackets };
}

const making = new Map<string, Promise<string>>();

/** The file that ffmpeg makes with these arguments. The arguments name its folder: other arguments make another file. */
function cached(name: string, args: readonly string[]): Promise<string> {
  const recipe = createHash('sha256').update(JSON.stringify(args)).digest('hex').slice(0, 12);
  const file = join(cacheDir, recipe, name);
  const known = making.get(file);
  if (known) return known;
  const made = make(file, args).catch((error: unknown) => {
    making.delete(file);
    throw error;
  });
  making.set(file, made);
  return made;
}

async function make(file: string, args: readonly string[]): Promise<string> {
  if (existsSync(file)) return file;
  await mkdir(dirname(file), { recursive: true });
  const half = `${file}.${randomUUID()}.tmp`;
  try {
    const { status, stderr } = await run(ffmpegPath(), ['-nostdin', '-v', 'error', ...args, half]);
    if (status !== 0) throw new Error(`ffmpeg could not make ${file} (status ${status}): ${stderr.trim()}`);
    // A link, not a rename: where two workers made the file, the first one stays, so no file changes under a reader.
    await link(half, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(half, { force: true });
  }
  return file;
}

function run(command: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

/** ffmpeg's complaints, without those of its null muxer, which rounds a camera's uneven time stamps to even frames. */
function complaints(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('[null @ ') && !/^\s*Last message repeated/.test(line));
}

function found(name: string, path: string | null): string {
  if (path === null) throw new Error(`${name} is missing: run \`node test/support/install.mjs\``);
  return path;
}
