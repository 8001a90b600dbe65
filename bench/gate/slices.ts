/** What MediaRecorder really delivers: slices recorded in Chromium for each rung of the quality ladder, kept between runs. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromium } from '@playwright/test';
import { AUDIO } from '../../client/devices.ts';
import { bitsPerSecond, type Quality } from '../../client/quality.ts';
import { TIMESLICE_MS } from '../../client/recorder.ts';
import { chromiumArgs, chromiumPath } from '../../test/support/browser.ts';
import { fakeMedia, ffmpegPath } from '../../test/support/media.ts';
import { type PageRecording, recordInPage, STOP_PHASES_MS } from './recorder-page.ts';

/** One `dataavailable` that brought bytes. */
export interface Slice {
  /** When it was handed over, in ms from the recorder's start. */
  atMs: number;
  data: ArrayBuffer;
}

/** One answer. */
export interface Recording {
  /** What it was asked to last. */
  seconds: number;
  /** When `stop()` was called, in ms from the recorder's start; the last slice comes a moment later. */
  stopMs: number;
  mimeType: string;
  slices: readonly Slice[];
  bytes: number;
}

/** A rung's recordings; of short answers there are several, which stop at different points of a slice. */
export interface RungRecordings {
  quality: Quality;
  recordings: readonly Recording[];
}

/** Rungs that are recorded at the same time: more would take the encoders' time from one another. */
const AT_ONCE = 2;
/** Slices further apart than that, in ms, tell of a machine that was too busy to record; they are used, but not kept. */
const LONGEST_GAP_MS = 1500;
/** Changes with anything that changes what is recorded. */
const VERSION = 2;
/**
 * What the camera shows: motion and noise, because a recorder that is given less than a real camera's picture does not
 * come near the bitrate that it is asked for. No larger than a machine encodes beside other work: the bitrate is what
 * counts here, and browsers don't enlarge a camera's picture.
 */
const PICTURE = 'testsrc2=size=640x360:rate=30:duration=10,noise=alls=30:allf=t';

/** Slices shorter than that are never scaled. */
const HEAD_BYTES = 16;

const cacheFolder = path.join(tmpdir(), 'tresgo-bench-slices');

/**
 * Recordings of so many seconds for each rung, recorded now or kept in the system's temporary folder by an earlier run with
 * the same settings and the same Chromium. Sizes are scaled, by one factor a rung, to the bitrate that was asked for.
 * `tell` hears of progress and of doubts.
 */
export async function recordLadder(
  ladder: readonly Quality[],
  seconds: readonly number[],
  tell: (text: string) => void,
): Promise<RungRecordings[]> {
  const missing = ladder.filter((quality) => !existsSync(fileFor(quality, seconds)));
  const fresh = missing.length > 0 ? await record(missing, seconds, tell) : new Map<Quality, PageRecording[]>();
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
  tell: (text: string) => void,
): Promise<Map<Quality, PageRecording[]>> {
  const made = new Map<Quality, PageRecording[]>();
  const media = { ...(await fakeMedia()), camera: await makeCamera() };
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: chromiumArgs(media) });
  const queue = [...rungs];
  const work = async (): Promise<void> => {
    for (let quality = queue.shift(); quality; quality = queue.shift()) {
      const kbit = Math.round(bitsPerSecond(quality) / 1000);
      tell(`Recording slices of ${kbit} kbit/s for ${Math.max(...seconds) + 2} s; ${queue.length} rungs to go …`);
      const page = await (await browser.newContext()).newPage();
      // A page of a secure origin, with nothing on it.
      await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<title>bench</title>' }));
      await page.goto('http://localhost/');
      const options = { quality, seconds, audio: AUDIO, timesliceMs: TIMESLICE_MS, phasesMs: STOP_PHASES_MS };
      const recordings = await page.evaluate(recordInPage, options);
      await page.context().close();
      // An empty one would be measured as a gate that stays shut.
      if (recordings.some(({ slices }) => slices.length === 0))
        throw new Error(`Chromium recorded nothing at ${kbit} kbit/s: try again on a machine that does nothing else`);
      made.set(quality, recordings);
      const gapMs = Math.max(...recordings.map(longestGapMs));
      if (gapMs <= LONGEST_GAP_MS) await keep(fileFor(quality, seconds), recordings);
      else
        tell(`Slices of ${kbit} kbit/s came up to ${Math.round(gapMs)} ms apart: the machine is too busy to record.`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return made;
  } finally {
    await browser.close();
  }
}

/** The camera's picture as a file; made once. Throws what ffmpeg said if it cannot. */
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

/** All scaled by one factor, so that together they come to so many bit/s: what differs between them stays. */
export function atBitrate(recordings: readonly Recording[], bits: number): Recording[] {
  const sum = (figure: (recording: Recording) => number) => recordings.reduce((all, each) => all + figure(each), 0);
  const came = (sum(({ bytes }) => bytes) * 8000) / sum(({ stopMs }) => stopMs);
  return recordings.map((recording) => scaled(recording, bits / came));
}

/**
 * The same recording at another bitrate: slice times as they are, sizes times `factor`. What is added repeats what is
 * there. The head of the file stays, since the server looks at it: a recorder's first slice may have one byte only.
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
 * An answer of so many seconds at `quality`: recording number `turn` of the rung whose bitrate is nearest, scaled to
 * the bitrate wanted. Throws where no rung has a recording of that length.
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
