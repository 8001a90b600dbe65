/** What `derived/Q1.json` and `derived/Q1.vtt` hold. */
import { cuesOf } from './cues.ts';
import type { Recognition, Segment, Word } from './engine.ts';
import { filterSegments } from './filter.ts';
import { type Loudness, loudnessOf } from './loudness.ts';
import { spaceBetween } from './text.ts';
import { toVtt } from './vtt.ts';

/** `derived/Q1.json`. All times lie within the recording, in order. */
export interface Transcript {
  /** Who listened, like `whisper-cli`; null where there was nothing to listen to. */
  engine: string | null;
  /** BCP 47; null where nobody knows. */
  language: string | null;
  durationMs: number;
  /** All that was said: paragraphs with an empty line between them, as in `transcript.txt`. */
  text: string;
  /** A segment's words, in order, are its text but for the spaces; there are none where the engine gives no times. */
  segments: Omit<Segment, 'noSpeech'>[];
}

export interface Shaped {
  transcript: Transcript;
  /** WebVTT. */
  vtt: string;
}

/** So long a silence begins a new paragraph. */
const PARAGRAPH_PAUSE_MS = 2_500;

/**
 * Makes of what an engine heard what people read.
 * @param wavFile what the engine listened to: where it is silent, nothing was said
 * @throws Error where the file can't be read
 */
export async function shapeTranscript(heard: {
  recognition: Recognition;
  wavFile: string;
  durationMs: number;
  engine: string;
}): Promise<Shaped> {
  const { recognition, wavFile, durationMs, engine } = heard;
  const transcript = transcriptOf(recognition, { durationMs, loudness: await loudnessOf(wavFile), engine });
  return { transcript, vtt: vttOf(transcript) };
}

/** For an answer without sound. */
export function silentTranscript(durationMs: number): Shaped {
  const transcript = { engine: null, language: null, durationMs: Math.floor(durationMs), text: '', segments: [] };
  return { transcript, vtt: vttOf(transcript) };
}

export function transcriptOf(
  { language, segments }: Recognition,
  { loudness, engine, ...recording }: { durationMs: number; loudness: Loudness; engine: string },
): Transcript {
  const durationMs = Math.floor(recording.durationMs);
  const clamped = filterSegments(clamp(segments, durationMs), loudness).map(({ noSpeech: _, ...segment }) => segment);
  return { engine, language, durationMs, text: textOf(clamped), segments: clamped };
}

function vttOf({ segments, durationMs, language }: Transcript): string {
  return toVtt(
    cuesOf(
      segments.map((segment) => ({ ...segment, noSpeech: null })),
      durationMs,
    ),
    { language },
  );
}

/** Inside the recording and in order. What begins after its end was never said: Whisper hears 30 s at a time. */
function clamp(segments: readonly Segment[], durationMs: number): Segment[] {
  const inside = segments.filter(({ startMs }) => startMs < durationMs);
  let passedMs = 0;
  const starts = inside.map(({ startMs }) => {
    passedMs = within(startMs, passedMs, durationMs);
    return passedMs;
  });
  return inside.map((segment, at) => {
    const startMs = starts[at] ?? 0;
    const endMs = within(segment.endMs, startMs, starts[at + 1] ?? durationMs);
    return { ...segment, startMs, endMs, words: clampWords(segment.words, startMs, endMs) };
  });
}

function clampWords(words: readonly Word[], fromMs: number, toMs: number): Word[] {
  let passedMs = fromMs;
  return words.map((word) => {
    const startMs = within(word.startMs, passedMs, toMs);
    passedMs = startMs;
    return { ...word, startMs, endMs: within(word.endMs, startMs, toMs) };
  });
}

const within = (ms: number, fromMs: number, toMs: number) => Math.min(Math.max(Math.round(ms), fromMs), toMs);

function textOf(segments: Transcript['segments']): string {
  return segments.reduce((text, segment, at) => {
    const last = segments[at - 1];
    if (!last) return segment.text;
    const isNew = segment.startMs - last.endMs >= PARAGRAPH_PAUSE_MS;
    return `${text}${isNew ? '\n\n' : spaceBetween(text, segment.text)}${segment.text}`;
  }, '');
}
