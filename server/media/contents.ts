/** What is in a media file, as ffprobe finds it packet by packet; a recording's own words about itself count for little. */
import { JobError } from '../jobs/job-error.ts';
import { limitsFor, MAX_DURATION_MS, MAX_PACKETS, MAX_PIXELS } from './limits.ts';
import type { Input, Tools, Workplace } from './tools.ts';

/** Times are of the file, in ms; its first packet need not be at 0. */
export interface Track {
  /** ffmpeg's name of it. */
  codec: string;
  packets: number;
  startMs: number;
  endMs: number;
  /** From where the last packet can be decoded. */
  lastKeyMs: number;
  /** When the last packet is shown or heard. */
  lastMs: number;
}

export interface Contents {
  video: Track | null;
  audio: Track | null;
  startMs: number;
  /** From the first packet's start to the last one's end, both tracks. */
  durationMs: number;
  /** What the file says of itself; null where it is silent. */
  declaredMs: number | null;
}

interface Stream extends Track {
  kind: string;
  pixels: number;
  isCover: boolean;
}

const ENTRIES = [
  'packet=stream_index,pts_time,dts_time,duration_time,flags',
  'stream=index,codec_name,codec_type,width,height',
  'stream_disposition=attached_pic',
  'format=duration',
].join(':');

/** @throws JobError where it is not what a recording may be */
export async function readContents(tools: Tools, input: Input, workplace: Workplace): Promise<Contents> {
  const reader = createReader();
  await tools.ffprobe(input, {
    ...workplace,
    args: ['-of', 'compact', '-show_entries', ENTRIES],
    limits: limitsFor({ sourceBytes: input.bytes }),
    onStdout: reader.read,
  });
  const { streams, declaredMs } = reader.end();
  const video = streams.find(({ kind, isCover }) => kind === 'video' && !isCover);
  const audio = streams.find(({ kind }) => kind === 'audio');
  const tracks = [video, audio].filter((track) => track !== undefined && track.packets > 0) as Stream[];
  const startMs = Math.min(...tracks.map((track) => track.startMs));
  const durationMs = Math.max(...tracks.map((track) => track.endMs)) - startMs;
  if (tracks.length === 0 || !(durationMs > 0)) throw refusal('no picture and no sound in it can be read');
  if (durationMs > MAX_DURATION_MS)
    throw refusal(`it claims to last ${inHours(durationMs)} hours; ${inHours(MAX_DURATION_MS)} are allowed`);
  if (video && video.pixels > MAX_PIXELS)
    throw refusal(`its picture has ${video.pixels} points; ${MAX_PIXELS} are allowed`);
  const isRead = (track: Stream | undefined) => (track && track.packets > 0 ? track : null);
  return { video: isRead(video), audio: isRead(audio), startMs, durationMs, declaredMs };
}

const refusal = (reason: string) => new JobError(reason, { final: true });
const inHours = (ms: number) => Math.round(ms / 3_600_000);

/** Reads `packet|stream_index=0|pts_time=0.007000|…`, the packets first, a line each. */
function createReader() {
  const streams = new Map<number, Stream>();
  let declaredMs: number | null = null;
  let packets = 0;
  let rest = '';

  function of(index: number): Stream {
    const known = streams.get(index);
    if (known) return known;
    const times = { startMs: Number.POSITIVE_INFINITY, endMs: Number.NEGATIVE_INFINITY, lastKeyMs: 0, lastMs: 0 };
    const stream = { ...times, codec: 'unknown', kind: '', packets: 0, pixels: 0, isCover: false };
    streams.set(index, stream);
    return stream;
  }

  function readPacket(fields: Map<string, string>): void {
    packets++;
    if (packets > MAX_PACKETS) throw refusal(`it has more than ${MAX_PACKETS} packets`);
    const stream = of(Number(fields.get('stream_index')));
    stream.packets++;
    const atMs = msOf(fields, 'pts_time') ?? msOf(fields, 'dts_time');
    if (atMs === null) return;
    stream.startMs = Math.min(stream.startMs, atMs);
    stream.endMs = Math.max(stream.endMs, atMs + (msOf(fields, 'duration_time') ?? 0));
    stream.lastMs = Math.max(stream.lastMs, atMs);
    if (fields.get('flags')?.startsWith('K')) stream.lastKeyMs = atMs;
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
    end(): { streams: Stream[]; declaredMs: number | null } {
      readLine(rest);
      return { streams: [...streams.entries()].sort(([a], [b]) => a - b).map(([, stream]) => stream), declaredMs };
    },
  };
}

/** ffprobe's seconds; null for `N/A`. */
function msOf(fields: Map<string, string>, name: string): number | null {
  const seconds = Number(fields.get(name) ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1_000 : null;
}
