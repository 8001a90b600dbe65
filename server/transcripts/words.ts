/**
 * Pieces of text with times, as engines give them, made into words. Whisper's pieces are tokens: parts of words, with the
 * space in front of them, and a segment may end in the middle of a word.
 */
import type { Segment, Word } from './engine.ts';
import { clean, isCutWord, isUnspaced, tidy, wordsIn } from './text.ts';

export interface Piece {
  text: string;
  startMs: number;
  endMs: number;
  /** From 0 to 1; null where the engine does not say. */
  confidence: number | null;
}

/** A segment as an engine gives it. */
export interface Stretch {
  /** With its spaces, as it came. */
  text: string;
  startMs: number;
  endMs: number;
  noSpeech: number | null;
  /** Put together, they are the text, but for spaces; empty where there are no times. */
  pieces: Piece[];
}

/** The time of one character, and the piece it came from. */
interface Moment {
  startMs: number;
  endMs: number;
  piece: Piece;
}

/** Segments of whole words; empty ones are left out. */
export function segmentsOf(stretches: readonly Stretch[]): Segment[] {
  return mend(stretches)
    .map(({ text, startMs, endMs, noSpeech, pieces }) => ({
      // Both are the same but where an engine contradicts itself: then its words count.
      text: tidy(pieces.length > 0 ? pieces.map((piece) => piece.text).join('') : text),
      startMs,
      endMs,
      words: wordsOf(pieces),
      noSpeech,
    }))
    .filter(({ text }) => text !== '');
}

/** Words and their times; inside a piece, time is spread evenly over its characters. */
export function wordsOf(pieces: readonly Piece[]): Word[] {
  const cleaned = pieces.map((piece) => ({ ...piece, text: clean(piece.text) }));
  const moments = cleaned.flatMap(momentsOf);
  let passed = 0;
  return wordsIn(cleaned.map(({ text }) => text).join('')).flatMap(({ text }) => {
    const own = moments.slice(passed, passed + text.length);
    passed += text.length;
    const first = own[0];
    // A comma's token often lasts through the pause after it.
    const last = own[text.search(/[^\p{L}\p{N}\p{M}]*$/u) - 1] ?? own.at(-1);
    if (!first || !last) return [];
    return [{ text, startMs: first.startMs, endMs: last.endMs, confidence: confidenceOf(own) }];
  });
}

/** One for each code unit that is no space. */
function momentsOf(piece: Piece): Moment[] {
  const { length } = piece.text.replace(/\s+/gu, '');
  const stepMs = (piece.endMs - piece.startMs) / length;
  return Array.from({ length }, (_, at) => ({
    startMs: Math.round(piece.startMs + at * stepMs),
    endMs: Math.round(piece.startMs + (at + 1) * stepMs),
    piece,
  }));
}

/** The mean of the pieces that a word is made of. */
function confidenceOf(moments: readonly Moment[]): number | null {
  const pieces = [...new Set(moments.map(({ piece }) => piece))];
  let sum = 0;
  for (const { confidence } of pieces) {
    if (confidence === null) return null;
    sum += confidence;
  }
  return Math.round((sum / pieces.length) * 1_000) / 1_000;
}

/** Joins stretches that were cut inside a word: whisper-server cuts after 60 characters, wherever that is. */
function mend(stretches: readonly Stretch[]): Stretch[] {
  // An engine that trims its texts says nothing by a missing space.
  const tellsSpaces = stretches.some(({ text }) => /^\s/u.test(text));
  const mended: Stretch[] = [];
  for (const next of stretches) {
    const last = mended.at(-1);
    const tells = tellsSpaces || isUnspaced(next.text.slice(0, 1));
    if (!last || !tells || !isCutWord(last.text, next.text)) {
      mended.push({ ...next });
      continue;
    }
    last.text += next.text;
    last.endMs = Math.max(last.endMs, next.endMs);
    // Without the times of both halves there are none for the whole.
    last.pieces = last.pieces.length > 0 && next.pieces.length > 0 ? [...last.pieces, ...next.pieces] : [];
  }
  return mended;
}
