/** The contents of a media file, as ffprobe reads it packet by packet: what a recording claims about itself is often wrong. */
import { JobError } from '../job-error.ts';
import { earlyEndOf } from './container-layout.ts';
import { limitsFor, MAX_DURATION_MS, MAX_PACKETS, MAX_PIXELS } from './limits.ts';
import { fileOf, type Input, type Tools, type Workplace } from './tools.ts';

/** A track of a media file. Times are the file's own: its first packet need not be at 0. */
export interface Track {
  /** The number of its stream in the file, from 0. */
  index: number;
  /** ffmpeg's name of the codec. */
  codec: string;
  /** The packets that are shown or heard. */
  packets: number;
  /** The packets that an edit list hides: decoding needs them. No time below is of a hidden packet. */
  hidden: number;
  /** The packets that decoding can begin with. */
  keys: number;
  startMs: number;
  endMs: number;
  /** The time of the packet that decoding must begin with to reach the last packet. */
  lastKeyMs: number;
  /** The time when the last packet is shown or heard. */
  lastMs: number;
  /** The time from the packet before the last one to the last one; 0 where there is one packet. */
  lastStepMs: number;
  /** The longest times without a packet between two packets, in order; a camera and a microphone give several a second. */
  gaps: Gap[];
}

/** A time without packets. */
export interface Gap {
  /** The end of the packet before. */
  atMs: number;
  ms: number;
}

/** The tracks and the duration of a media file. */
export interface Contents {
  video: Track | null;
  audio: Track | null;
  startMs: number;
  /** From the start of the first packet to the end of the last one, of both tracks. */
  durationMs: number;
  /** The duration that the file claims; null where it claims none. */
  declaredMs: number | null;
  /** The packets of all streams, and their bytes. */
  packets: { count: number; bytes: number };
}

/** The longest time without sound within a recording that has sound. */
export function largestGapMs({ audio, startMs }: Contents): number {
  return audio ? Math.max(audio.startMs - startMs, ...audio.gaps.map(({ ms }) => ms)) : 0;
}

interface Stream extends Track {
  kind: string;
  pixels: number;
  isCover: boolean;
}

/** A time without packets of this length or longer is remembered, up to MAX_GAPS times. */
const GAP_MS = 300;
const MAX_GAPS = 1_000;

const ENTRIES = [
  'packet=stream_index,pts_time,duration_time,size,flags',
  'stream=index,codec_name,codec_type,width,height',
  'stream_disposition=attached_pic',
  'format=duration',
].join(':');

/**
 * Reads the tracks of a media file.
 * @throws JobError, final, where the file has no track, or exceeds the limits of a recording
 */
export async function readContents(tools: Tools, input: Input, workplace: Workplace): Promise<Contents> {
  const reader = createReader();
  const ending = () => earlyEndOf(fileOf(input, workplace), input.container);
  try {
    await tools.ffprobe(input, {
      ...workplace,
      args: ['-of', 'compact', '-show_entries', ENTRIES],
      limits: limitsFor({ sourceBytes: input.bytes }),
      onStdout: reader.read,
    });
  } catch (error) {
    const early = error instanceof JobError && error.final && !error.isProgramsFault ? await ending() : null;
    throw early === null ? error : unfit(early);
  }
  const { streams, declaredMs, packets } = reader.end();
  const read = streams.filter(({ packets, isCover }) => packets > 0 && !isCover);
  const video = read.find(({ kind }) => kind === 'video') ?? null;
  const audio = read.find(({ kind }) => kind === 'audio') ?? null;
  const tracks = [video, audio].filter((track) => track !== null);
  const startMs = Math.min(...tracks.map((track) => track.startMs));
  const durationMs = Math.max(...tracks.map((track) => track.endMs)) - startMs;
  if (tracks.length === 0 || !(durationMs > 0))
    throw unfit((await ending()) ?? 'no picture and no sound in it can be read');
  if (durationMs > MAX_DURATION_MS)
    throw unfit(`it claims to last ${inHours(durationMs)} hours; ${inHours(MAX_DURATION_MS)} are allowed`);
  if (video && video.pixels > MAX_PIXELS)
    throw unfit(`its picture has ${video.pixels} points; ${MAX_PIXELS} are allowed`);
  return { video, audio, startMs, durationMs, declaredMs, packets };
}

const unfit = (reason: string) => new JobError(reason, { final: true });
const inHours = (ms: number) => Math.round(ms / 3_600_000);

/** Reads lines like `packet|stream_index=0|pts_time=0.007000|…`, the packets before the streams and the format. */
function createReader() {
  const streams = new Map<number, Stream>();
  let declaredMs: number | null = null;
  let [packets, bytes] = [0, 0];
  let rest = '';

  function of(index: number): Stream {
    const known = streams.get(index);
    if (known) return known;
    const times = { startMs: Number.POSITIVE_INFINITY, endMs: Number.NEGATIVE_INFINITY, lastKeyMs: 0, lastMs: 0 };
    const counts = { packets: 0, hidden: 0, keys: 0, pixels: 0, lastStepMs: 0 };
    const stream: Stream = { ...times, ...counts, index, codec: 'unknown', kind: '', gaps: [], isCover: false };
    streams.set(index, stream);
    return stream;
  }

  function readPacket(fields: Map<string, string>): void {
    packets++;
    if (packets > MAX_PACKETS) throw unfit(`it has more than ${MAX_PACKETS} packets`);
    const stream = of(Number(fields.get('stream_index')));
    const flags = fields.get('flags') ?? '';
    bytes += Number(fields.get('size') ?? 0);
    if (flags.startsWith('K')) stream.keys++;
    if (flags.includes('D')) {
      stream.hidden++;
      return;
    }
    stream.packets++;
    const atMs = msOf(fields, 'pts_time');
    if (atMs === null) return;
    if (stream.endMs > Number.NEGATIVE_INFINITY) {
      const from = Math.max(stream.lastMs, stream.endMs);
      if (atMs - from >= GAP_MS && stream.gaps.length < MAX_GAPS) stream.gaps.push({ atMs: from, ms: atMs - from });
      if (atMs > stream.lastMs) stream.lastStepMs = atMs - stream.lastMs;
    }
    stream.startMs = Math.min(stream.startMs, atMs);
    stream.endMs = Math.max(stream.endMs, atMs + (msOf(fields, 'duration_time') ?? 0));
    stream.lastMs = Math.max(stream.lastMs, atMs);
    if (flags.startsWith('K')) stream.lastKeyMs = atMs;
  }

  function readLine(line: string): void {
    const [section, ...pairs] = line.split('|');
    const fields = new Map(pairs.map((pair) => pair.split('=', 2) as [string, string]));
    if (section === 'packet') readPacket(fields);
    if (section === 'format') declaredMs = msOf(fields, 'duration');
    if (section !== 'stream') return;
    const stream = of(Number(fields.get('index')));
    stream.codec = fields.get('codec_name') ?? 'unknown';
    stream.kind = fields.get('codec_type') ?? '';
    stream.pixels = Number(fields.get('width') ?? 0) * Number(fields.get('height') ?? 0);
    stream.isCover = fields.get('disposition:attached_pic') === '1';
  }

  return {
    read(text: string): void {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(readLine);
    },
    end(): { streams: Stream[] } & Pick<Contents, 'declaredMs' | 'packets'> {
      readLine(rest);
      const inOrder = [...streams.values()].sort((one, other) => one.index - other.index);
      return { streams: inOrder, declaredMs, packets: { count: packets, bytes } };
    },
  };
}

/** A time that ffprobe prints in seconds, in ms; null for `N/A`. */
function msOf(fields: Map<string, string>, name: string): number | null {
  const seconds = Number(fields.get(name) ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1_000 : null;
}
