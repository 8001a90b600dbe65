/** The loudness of a WAV file over time. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** The length of the windows that levels are measured in. */
export const WINDOW_MS = 100;
/** The level that stands for digital silence, in dBFS. */
export const SILENCE_DBFS = -100;

/** The loudness of a recording. */
export interface Loudness {
  /** The root mean square of each window of `WINDOW_MS`, in dBFS: 0 is the loudest possible. */
  levels: readonly number[];
}

/** Where the samples of a WAV file are. */
export interface Samples {
  bytesPerSecond: number;
  /** The first byte of the samples in the file, and the first byte after them. */
  start: number;
  end: number;
}

/**
 * Measures a WAV file.
 * @throws Error where the file is no WAV of 16 bit PCM
 */
export async function loudnessOf(wavFile: string): Promise<Loudness> {
  const { bytesPerSecond, start, end } = await samplesOf(wavFile);
  const windowSamples = Math.max(1, Math.round((bytesPerSecond / 2 / 1_000) * WINDOW_MS));
  const levels: number[] = [];
  let sum = 0;
  let samples = 0;
  const close = () => {
    const rms = Math.sqrt(sum / samples) / 32_768;
    levels.push(rms === 0 ? SILENCE_DBFS : Math.max(SILENCE_DBFS, 20 * Math.log10(rms)));
    sum = 0;
    samples = 0;
  };
  // The byte that is left over where a part ends inside a sample.
  let rest = Buffer.alloc(0);
  if (end > start) {
    for await (const part of createReadStream(wavFile, { start, end: end - 1 }) as AsyncIterable<Buffer>) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, part]) : part;
      const whole = bytes.length - (bytes.length % 2);
      for (let at = 0; at < whole; at += 2) {
        sum += bytes.readInt16LE(at) ** 2;
        samples += 1;
        if (samples === windowSamples) close();
      }
      rest = Buffer.from(bytes.subarray(whole));
    }
  }
  if (samples > 0) close();
  return { levels };
}

/**
 * Finds the samples of a WAV file.
 * @throws Error where the file is no WAV of 16 bit PCM
 */
export async function samplesOf(wavFile: string): Promise<Samples> {
  const file = await open(wavFile);
  return findSamples(file).finally(() => file.close());
}

/** Reads the chunks of a RIFF file up to its `data` chunk. */
async function findSamples(file: FileHandle): Promise<Samples> {
  const { size } = await file.stat();
  const read = async (at: number, length: number) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
    if (bytesRead < length) throw new Error('the WAV file ends early');
    return buffer;
  };
  const riff = await read(0, 12);
  if (riff.toString('latin1', 0, 4) !== 'RIFF' || riff.toString('latin1', 8, 12) !== 'WAVE')
    throw new Error('this is no WAV file');
  let bytesPerSecond = 0;
  for (let at = 12; ; ) {
    const head = await read(at, 8);
    const id = head.toString('latin1', 0, 4);
    const length = head.readUInt32LE(4);
    if (id === 'data') {
      if (bytesPerSecond === 0) throw new Error('the WAV file names no format');
      // The length can be too large: a program that writes into a pipe does not know it in advance.
      return { bytesPerSecond, start: at + 8, end: Math.min(size, at + 8 + length) };
    }
    if (id === 'fmt ') {
      const format = await read(at + 8, 16);
      const [kind, bits] = [format.readUInt16LE(0), format.readUInt16LE(14)];
      // 0xfffe (WAVE_FORMAT_EXTENSIBLE) is PCM with a longer description.
      if (bits !== 16 || (kind !== 1 && kind !== 0xfffe)) throw new Error('the WAV file is not 16 bit PCM');
      bytesPerSecond = format.readUInt32LE(8);
    }
    at += 8 + length + (length % 2);
  }
}
