/** Real slices of MediaRecorder: recorded in Chromium for each rung of the quality ladder, and kept between runs. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromium } from '@playwright/test';
import { AUDIO } from '../../client/capture/devices.ts';
import { bitsPerSecond, type Quality } from '../../client/capture/quality.ts';
import { TIMESLICE_MS } from '../../client/capture/recorder.ts';
import { chromiumArgs, chromiumPath } from '../../test/support/browser/browser.ts';
import { fakeMedia, ffmpegPath } from '../../test/support/media/media.ts';
import { type PageRecording, recordInPage, STOP_PHASES_MS } from './recorder-page.ts';

/** One `dataavailable` event with bytes. */
interface Slice {
  /** Time of the event, in ms from the recorder's start. */
  atMs: number;
  data: ArrayBuffer;
}

/** The recording of one answer. */
export interface Recording {
  /** Wanted length. */
  seconds: number;
  /** Time of the call of `stop()`, in ms from the recorder's start; the last slice comes a little later. */
  stopMs: number;
  mimeType: string;
  slices: readonly Slice[];
  bytes: number;
}

/** A rung's recordings; short answers have several, which stop at different points of a slice. */
export interface RungRecordings {
  quality: Quality;
  recordings: readonly Recording[];
}

/** Rungs that are recorded at the same time: more encoders would slow one another down. */
const AT_ONCE = 2;
/** A larger gap between slices, in ms, means that the machine was too busy to record; such recordings are used, but not kept. */
const LONGEST_GAP_MS = 1500;
/** Version of the kept recordings: to be changed with everything that changes a recording. */
const VERSION = 2;
/**
 * The camera's picture: motion and noise, because a recorder with a simpler picture than a real camera's does not reach the
 * bitrate that it is asked for. It is small enough to be encoded beside other work: only the bitrate counts here, and
 * browsers don't enlarge a camera's picture.
 */
const PICTURE = 'testsrc2=size=640x360:rate=30:duration=10,noise=alls=30:allf=t';

/** Shorter slices, in bytes, are never scaled. */
const HEAD_BYTES = 16;

const cacheFolder = path.join(tmpdir(), 'tresgo-bench-slices');

/**
 * Recordings of the given lengths for each rung, recorded now or kept in the system's temporary folder by an earlier run
 * with the same settings and the same Chromium. Sizes are scaled by one factor per rung to the bitrate that was asked for.
 * `report` is called with progress and warnings.
 */
export async function recordLadder(
  ladder: readonly Quality[],
  seconds: readonly number[],
  report: (text: string) => void,
): Promise<RungRecordings[]> {
  const missing = ladder.filter((quality) => !existsSync(fileFor(quality, seconds)));
  const fresh = missing.length > 0 ? await record(missing, seconds, report) : new Map<Quality, PageRecording[]>();
  return ladder.map((quality) => {
    const kept = () => JSON.parse(readFileSync(fileFor(quality, seconds), 'utf8')) as PageRecording[];
    return { quality, recordings: atBitrate((fresh.get(quality) ?? kept()).map(read), bitsPerSecond(quality)) };
  });
}

function fileFor(quality: Quality, seconds: readonly number[]): string {
  const settings = { VERSION, PICTURE, quality, seconds, TIMESLICE_MS, STOP_PHASES_MS, chromium: chromiumPath() };
  const key = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16);
  return path.join(cacheFolder, `${key}.json`);
}

async function record(
  rungs: readonly Quality[],
  seconds: readonly number[],
  report: (text: string) => void,
): Promise<Map<Quality, PageRecording[]>> {
  const made = new Map<Quality, PageRecording[]>();
  const media = { ...(await fakeMedia()), camera: await makeCamera() };
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: chromiumArgs(media) });
  const queue = [...rungs];
  const work = async (): Promise<void> => {
    for (let quality = queue.shift(); quality; quality = queue.shift()) {
      const kbit = Math.round(bitsPerSecond(quality) / 1000);
      report(`Recording slices of ${kbit} kbit/s for ${Math.max(...seconds) + 2} s; ${queue.length} rungs to go …`);
      const page = await (await browser.newContext()).newPage();
      // An empty page of a secure origin.
      await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<title>bench</title>' }));
      await page.goto('http://localhost/');
      const options = { quality, seconds, audio: AUDIO, timesliceMs: TIMESLICE_MS, phasesMs: STOP_PHASES_MS };
      const recordings = await page.evaluate(recordInPage, options);
      await page.context().close();
      // An empty recording would be measured as a gate that stays shut.
      if (recordings.some(({ slices }) => slices.length === 0))
        throw new Error(`Chromium recorded nothing at ${kbit} kbit/s: try again on a machine that does nothing else`);
      made.set(quality, recordings);
      const gapMs = Math.max(...recordings.map(longestGapMs));
      if (gapMs <= LONGEST_GAP_MS) await keep(fileFor(quality, seconds), recordings);
      else
        report(`Slices of ${kbit} kbit/s came up to ${Math.round(gapMs)} ms apart: the machine is too busy to record.`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return made;
  } finally {
    await browser.close();
  }
}

/** Makes the camera's picture as a file, once; returns its path. @throws Error with ffmpeg's message */
export async function makeCamera(): Promise<string> {
  const key = createHash('sha256').update(PICTURE).digest('hex').slice(0, 16);
  const file = path.join(cacheFolder, `${key}.mjpeg`);
  if (existsSync(file)) return file;
  await mkdir(cacheFolder, { recursive: true });
  const half = `${file}.${process.pid}`;
  const input = ['-nostdin', '-v', 'error', '-y', '-f', 'lavfi', '-i', PICTURE];
  const output = ['-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-q:v', '8', '-f', 'mjpeg', half];
  await promisify(execFile)(ffmpegPath(), [...input, ...output]);
  await rename(half, file);
  return file;
}

function longestGapMs({ slices }: Pick<PageRecording, 'slices'>): number {
  return Math.max(...slices.map(({ atMs }, at) => atMs - (slices[at - 1]?.atMs ?? 0)));
}

async function keep(file: string, recordings: PageRecording[]): Promise<void> {
  await mkdir(cacheFolder, { recursive: true });
  await writeFile(`${file}.${process.pid}`, JSON.stringify(recordings));
  await rename(`${file}.${process.pid}`, file);
}

function read({ base64, slices, ...recording }: PageRecording): Recording {
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  let from = 0;
  const cut = slices.map(({ atMs, bytes: length }) => {
    const data = bytes.slice(from, from + length).buffer;
    from += length;
    return { atMs, data };
  });
  return { ...recording, slices: cut, bytes: from };
}

/** Scales all recordings by one factor, so that together they have `bits` bit/s; differences between them stay. */
export function atBitrate(recordings: readonly Recording[], bits: number): Recording[] {
  const sum = (figure: (recording: Recording) => number) => recordings.reduce((all, each) => all + figure(each), 0);
  const came = (sum(({ bytes }) => bytes) * 8000) / sum(({ stopMs }) => stopMs);
  return recordings.map((recording) => scaled(recording, bits / came));
}

/**
 * The same recording at another bitrate: the same slice times, and sizes times `factor`. Added bytes repeat existing ones.
 * The head of the file stays, because the server checks it: a recorder's first slice may have a single byte.
 */
export function scaled(recording: Recording, factor: number): Recording {
  if (factor === 1) return recording;
  const slices = recording.slices.map(({ atMs, data }) => {
    const length = data.byteLength < HEAD_BYTES ? data.byteLength : Math.ceil(data.byteLength * factor);
    const result = new Uint8Array(length);
    for (let at = 0; at < length; at += data.byteLength)
      result.set(new Uint8Array(data, 0, Math.min(data.byteLength, length - at)), at);
    return { atMs, data: result.buffer };
  });
  return { ...recording, slices, bytes: slices.reduce((sum, { data }) => sum + data.byteLength, 0) };
}

/**
 * An answer of `seconds` at `quality`: recording number `turn` of the rung with the nearest bitrate, scaled to the wanted
 * bitrate.
 * @throws Error where no rung has a recording of that length
 */
export function recordingFor(
  ladder: readonly RungRecordings[],
  quality: Quality,
  seconds: number,
  turn: number,
): Recording {
  const wanted = bitsPerSecond(quality);
  const distance = (rung: RungRecordings) => Math.abs(Math.log(bitsPerSecond(rung.quality) / wanted));
  const nearest = [...ladder].sort((a, b) => distance(a) - distance(b))[0];
  const fitting = nearest?.recordings.filter((each) => each.seconds === seconds) ?? [];
  const recording = fitting[turn % fitting.length];
  if (!nearest || !recording) throw new Error(`no recording of ${seconds} s`);
  return scaled(recording, wanted / bitsPerSecond(nearest.quality));
}
