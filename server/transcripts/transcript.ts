/** The contents of `derived/Q1.json` and `derived/Q1.vtt`. */
import { cuesOf } from './captions/cues.ts';
import { toVtt } from './captions/vtt.ts';
import { filterSegments } from './cleaning/filter.ts';
import { type Loudness, loudnessOf } from './cleaning/loudness.ts';
import type { Recognition } from './engines/engine.ts';
import type { ThreadWork } from './engines/off-thread.ts';
import type { Segment, Word } from './words/segments.ts';
import { spaceBetween } from './words/text.ts';

/** `derived/Q1.json`. All times are within the recording and in order. */
interface Transcript {
  /** The engine's name, like `whisper-cli`; null where the answer has no sound. */
  engine: string | null;
  /** BCP 47; null = unknown. */
  language: string | null;
  durationMs: number;
  /** All segments: paragraphs with an empty line between them, as in `transcript.txt`. */
  text: string;
  /** The words of a segment, in order, are its text without spaces; there are no words where the engine gives no times. */
  segments: Omit<Segment, 'noSpeech'>[];
}

/** A transcript and its captions. */
interface Shaped {
  transcript: Transcript;
  /** The text of a WebVTT file. */
  vtt: string;
}

/** A silence of this length or longer begins a new paragraph. */
const PARAGRAPH_PAUSE_MS = 2_500;

/** An engine's result, and what it heard. */
interface HeardSound {
  recognition: Recognition;
  /** Where the sound is silent, nothing was said. */
  wavFile: string;
  durationMs: number;
  /** The engine's name. */
  engine: string;
}

/** The files of a transcript as texts. */
interface TranscriptFiles {
  vtt: string;
  json: string;
}

/** Making the files of a transcript, for a thread. */
export const shaping: ThreadWork<HeardSound, TranscriptFiles> = {
  name: 'transcript',
  run: async (heard) => filesOf(await shapeTranscript(heard)),
};

/** The texts of the files. */
export function filesOf({ vtt, transcript }: Shaped): TranscriptFiles {
  return { vtt, json: `${JSON.stringify(transcript, null, 2)}\n` };
}

/**
 * Makes a transcript and captions of an engine's result.
 * @throws Error where the WAV file can't be read
 */
export async function shapeTranscript(heard: HeardSound): Promise<Shaped> {
  const { recognition, wavFile, durationMs, engine } = heard;
  const transcript = transcriptOf(recognition, { durationMs, loudness: await loudnessOf(wavFile), engine });
  return { transcript, vtt: vttOf(transcript) };
}

/** The transcript and the captions of an answer without sound. */
export function silentTranscript(durationMs: number): Shaped {
  const transcript = { engine: null, language: null, durationMs: Math.floor(durationMs), text: '', segments: [] };
  return { transcript, vtt: vttOf(transcript) };
}

/** The cleaned segments of an engine's result as a transcript. */
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

/**
 * Moves all times into the recording and in order. Segments that begin after the recording's end were never said and are
 * removed: Whisper hears 30 s at a time.
 */
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
