/** Cuts sound into parts that a server takes: OpenAI and others refuse files of more than 25 MB, which is 13 minutes of WAV. */
import { loudnessOf, samplesOf, WINDOW_MS } from '../cleaning/loudness.ts';
import type { FileContent } from './post-form.ts';

/** A WAV file of its own: a part of another. */
export interface WavPart {
  /** Where the part begins in the whole, in ms. */
  startMs: number;
  durationMs: number;
  content: FileContent;
}

/** A cut is at the quietest place of the last third of a part: few sentences are longer than that. */
const SEARCHED = 1 / 3;
/** Before and after a cut, this is quiet. */
const QUIET_MS = 500;
const HEAD_BYTES = 44;

/** The parts of 16 bit mono PCM, in order, without a gap or an overlap; one where it has no more than `maxBytes` bytes. */
export async function wavPartsOf(wavFile: string, maxBytes: number): Promise<WavPart[]> {
  const { bytesPerSecond, start, end } = await samplesOf(wavFile);
  const bytesPerMs = bytesPerSecond / 1_000;
  const part = (fromMs: number, toMs: number | null): WavPart => {
    const [first, last] = [start + fromMs * bytesPerMs, toMs === null ? end : start + toMs * bytesPerMs];
    const content = { head: headOf(last - first, bytesPerSecond), path: wavFile, start: first, end: last };
    return { startMs: fromMs, durationMs: (last - first) / bytesPerMs, content };
  };
  const maxMs = Math.max(WINDOW_MS, Math.floor((maxBytes - HEAD_BYTES) / bytesPerMs / WINDOW_MS) * WINDOW_MS);
  const totalMs = (end - start) / bytesPerMs;
  if (totalMs <= maxMs) return [part(0, null)];
  const { levels } = await loudnessOf(wavFile);
  const parts: WavPart[] = [];
  for (let fromMs = 0; ; ) {
    if (totalMs - fromMs <= maxMs) return [...parts, part(fromMs, null)];
    const toMs = quietestMs(levels, fromMs + maxMs * (1 - SEARCHED), fromMs + maxMs);
    parts.push(part(fromMs, toMs));
    fromMs = toMs;
  }
}

/** The middle of the quietest second between two times, the later one of equals: that makes fewer parts. */
function quietestMs(levels: readonly number[], fromMs: number, toMs: number): number {
  const [first, last] = [Math.ceil(fromMs / WINDOW_MS), Math.floor(toMs / WINDOW_MS)];
  const half = QUIET_MS / WINDOW_MS;
  let best = { at: last, level: Number.POSITIVE_INFINITY };
  for (let at = first; at <= last; at++) {
    const level = Math.max(...levels.slice(Math.max(0, at - half), at + half));
    if (level <= best.level) best = { at, level };
  }
  return best.at * WINDOW_MS;
}

/** The head of a WAV file with one channel of 16 bit samples. */
function headOf(dataBytes: number, bytesPerSecond: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(HEAD_BYTES - 8 + dataBytes, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(bytesPerSecond / 2, 24);
  head.writeUInt32LE(bytesPerSecond, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(dataBytes, 40);
  return head;
}
