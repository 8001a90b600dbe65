import type { Quality } from '../../client/capture/quality.ts';

/** Times from a slice's end to the stop, in ms, used in turn: a candidate stops at any point of a slice. */
export const STOP_PHASES_MS = [130, 260, 390] as const;

/** A recording as it leaves the page. */
export interface PageRecording {
  seconds: number;
  stopMs: number;
  mimeType: string;
  slices: { atMs: number; bytes: number }[];
  /** The bytes of all slices together. */
  base64: string;
}

/** The parameters of `recordInPage`. */
interface RecordOptions {
  quality: Quality;
  seconds: readonly number[];
  audio: MediaTrackConstraints;
  timesliceMs: number;
  phasesMs: readonly number[];
}

/**
 * Runs one recorder for each length, all at the same time on one camera; a shorter length is recorded again until the
 * longest ends. It runs inside the page, so it uses no name from outside its braces.
 */
export async function recordInPage(options: RecordOptions): Promise<PageRecording[]> {
  const { quality, seconds, audio, timesliceMs, phasesMs } = options;
  const { width, height, frameRate, ...bits } = quality;
  const video = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: frameRate } };
  const stream = await navigator.mediaDevices.getUserMedia({ video, audio });
  const longest = Math.max(...seconds);

  const toBase64 = async (blob: Blob): Promise<string> => {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let text = '';
    for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768));
    return btoa(text);
  };

  const record = async (length: number, phaseMs: number): Promise<PageRecording> => {
    const recorder = new MediaRecorder(stream, { mimeType: 'video/webm;codecs=vp8,opus', ...bits });
    const blobs: Blob[] = [];
    const slices: { atMs: number; bytes: number }[] = [];
    const stopped = new Promise((resolve) => recorder.addEventListener('stop', resolve));
    recorder.addEventListener('dataavailable', ({ data }) => {
      if (data.size === 0) return;
      blobs.push(data);
      slices.push({ atMs: Math.round((performance.now() - began) * 10) / 10, bytes: data.size });
    });
    const began = performance.now();
    recorder.start(timesliceMs);
    await new Promise((resolve) => setTimeout(resolve, length * 1000 + phaseMs));
    const stopMs = Math.round((performance.now() - began) * 10) / 10;
    recorder.stop();
    await stopped;
    return { seconds: length, stopMs, mimeType: recorder.mimeType, slices, base64: await toBase64(new Blob(blobs)) };
  };

  const results = await Promise.all(
    seconds.map(async (length) => {
      const made: PageRecording[] = [];
      for (let turn = 0; turn < Math.max(1, Math.floor(longest / length)); turn++)
        made.push(await record(length, phasesMs[turn % phasesMs.length] ?? 0));
      return made;
    }),
  );
  for (const track of stream.getTracks()) track.stop();
  return results.flat();
}
