// For tests of transcripts: sound as an engine gets it, a context for the engine, and a reader of captions.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import webvtt from 'webvtt-parser';
import type { Containment } from '../../../server/sandbox/containment.ts';
import { createProcesses } from '../../../server/sandbox/process.ts';
import type { Loudness } from '../../../server/transcripts/cleaning/loudness.ts';
import type { EngineContext, Recording } from '../../../server/transcripts/engines/engine.ts';
import { programFolders } from '../media/media.ts';

const RATE = 16_000;

interface Sound {
  seconds: number;
  /** The level of a sine, in dBFS; null = digital silence. */
  dbfs: number | null;
}

/** A WAV file of 16 kHz mono 16 bit PCM. `extra` comes as a chunk before the samples. */
export function wavOf(sounds: readonly Sound[], { extra = Buffer.alloc(0) }: { extra?: Buffer } = {}): Buffer {
  const samples = sounds.flatMap(({ seconds, dbfs }) => {
    // A sine's root mean square is its peak by √2.
    const peak = dbfs === null ? 0 : 32_768 * 10 ** (dbfs / 20) * Math.SQRT2;
    const step = (2 * Math.PI * 400) / RATE;
    return Array.from({ length: Math.round(seconds * RATE) }, (_, at) => Math.round(peak * Math.sin(at * step)));
  });
  const data = Buffer.from(Int16Array.from(samples).buffer);
  const format = Buffer.alloc(16);
  format.writeUInt16LE(1, 0);
  format.writeUInt16LE(1, 2);
  format.writeUInt32LE(RATE, 4);
  format.writeUInt32LE(RATE * 2, 8);
  format.writeUInt16LE(2, 12);
  format.writeUInt16LE(16, 14);
  const chunks = [chunk('fmt ', format), ...(extra.length > 0 ? [chunk('LIST', extra)] : []), chunk('data', data)];
  return chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), ...chunks]));
}

function chunk(id: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

/** A loudness that is that of speech from beginning to end. */
export function loudFor(durationMs: number): Loudness {
  return { levels: Array.from({ length: Math.ceil(durationMs / 100) }, () => -20) };
}

const FREE: Containment = { wrap: ([program = '', ...args]) => [program, ...args], user: null, held: [], missing: [] };

/** Opens a job's folder with a recording, and the context of an engine. `close` removes the folder and stops children. */
export async function openRecording({
  wav = wavOf([{ seconds: 2, dbfs: -20 }]),
  isContained = true,
  ...rest
}: RecordingOptions = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'tresgo-speech-'));
  const wavFile = path.join(folder, 'speech.wav');
  await writeFile(wavFile, wav);
  const abort = new AbortController();
  const progress: number[] = [];
  const context: EngineContext = {
    run: createProcesses({ programFolders, ...(isContained ? {} : { containment: FREE }) }).run,
    signal: abort.signal,
    onProgress: (fraction) => void progress.push(fraction),
  };
  const recording: Recording = { wavFile, durationMs: 2_000, language: null, languageHint: null, ...rest };
  return {
    ...{ folder, recording, context, progress, abort },
    async close(): Promise<void> {
      abort.abort();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
interface RecordingOptions extends Partial<Omit<Recording, 'wavFile'>> {
  wav?: Buffer;
  /** False = children run with normal priority and without limits: they don't wait for other tests. */
  isContained?: boolean;
}
/** An open recording. */
export type OpenRecording = Awaited<ReturnType<typeof openRecording>>;

/** The cues of a WebVTT file, times in ms, text without character references. Throws the complaints of webvtt-parser. */
export function readVtt(vtt: string): { startMs: number; endMs: number; lines: string[] }[] {
  const { cues, errors } = new webvtt.WebVTTParser().parse(vtt, 'captions');
  if (errors.length > 0) throw new Error(errors.map(({ line, message }) => `line ${line}: ${message}`).join('\n'));
  return cues.map(({ startTime, endTime, text }) => ({
    startMs: Math.round(startTime * 1_000),
    endMs: Math.round(endTime * 1_000),
    lines: text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&').split('\n'),
  }));
}
