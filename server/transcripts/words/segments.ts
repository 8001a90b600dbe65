/**
 * Segments and words with times, and how they are made of the pieces of text that engines give. Whisper's pieces are tokens:
 * parts of words, each with the space before it; a segment may end in the middle of a word.
 */
import { clean, isCutWord, isUnspaced, tidy, wordsIn } from './text.ts';

/** A word with its punctuation. */
export interface Word {
  text: string;
  startMs: number;
  endMs: number;
  /** From 0 to 1; null where the engine does not say. */
  confidence: number | null;
}

/** Speech without a break. */
export interface Segment {
  text: string;
  startMs: number;
  endMs: number;
  /** In order; empty where the engine gives no times of words. */
  words: Word[];
  /** The probability that nobody speaks here, from 0 to 1; null where the engine does not say. */
  noSpeech: number | null;
}

/** A token or a word, as an engine gives it. */
export interface Piece {
  text: string;
  startMs: number;
  endMs: number;
  /** From 0 to 1; null where the engine does not say. */
  confidence: number | null;
}

/** A segment as an engine gives it, before it is made of whole words. */
export interface Stretch {
  /** Unchanged, with all its spaces. */
  text: string;
  startMs: number;
  endMs: number;
  noSpeech: number | null;
  /** Joined, the pieces are the text except for spaces; empty where the engine gives no times. */
  pieces: Piece[];
}

/** The time of one character, and the piece it came from. */
interface Moment {
  startMs: number;
  endMs: number;
  piece: Piece;
}

/** Makes segments of whole words. Segments without text are left out. */
export function segmentsOf(stretches: readonly Stretch[]): Segment[] {
  return mend(stretches)
    .map(({ text, startMs, endMs, noSpeech, pieces }) => ({
      // Text and pieces differ only where an engine contradicts itself: then the pieces count.
      text: tidy(pieces.length > 0 ? pieces.map((piece) => piece.text).join('') : text),
      startMs,
      endMs,
      words: wordsOf(pieces),
      noSpeech,
    }))
    .filter(({ text }) => text !== '');
}

/** Makes words with times. The time of a piece is spread evenly over its characters. */
export function wordsOf(pieces: readonly Piece[]): Word[] {
  const cleaned = pieces.map((piece) => ({ ...piece, text: clean(piece.text) }));
  const moments = cleaned.flatMap(momentsOf);
  let passed = 0;
  return wordsIn(cleaned.map(({ text }) => text).join('')).flatMap(({ text }) => {
    const own = moments.slice(passed, passed + text.length);
    passed += text.length;
    const first = own[0];
    // The end of the last letter: a comma's token often lasts through the pause after it.
    const last = own[text.search(/[^\p{L}\p{N}\p{M}]*$/u) - 1] ?? own.at(-1);
    if (!first || !last) return [];
    return [{ text, startMs: first.startMs, endMs: last.endMs, confidence: confidenceOf(own) }];
  });
}

/** One moment for each code unit that is no space. */
function momentsOf(piece: Piece): Moment[] {
  const { length } = piece.text.replace(/\s+/gu, '');
  const stepMs = (piece.endMs - piece.startMs) / length;
  return Array.from({ length }, (_, at) => ({
    startMs: Math.round(piece.startMs + at * stepMs),
    endMs: Math.round(piece.startMs + (at + 1) * stepMs),
    piece,
  }));
}

/** The mean confidence of the pieces of a word. */
function confidenceOf(moments: readonly Moment[]): number | null {
  const pieces = [...new Set(moments.map(({ piece }) => piece))];
  let sum = 0;
  for (const { confidence } of pieces) {
    if (confidence === null) return null;
    sum += confidence;
  }
  return Math.round((sum / pieces.length) * 1_000) / 1_000;
}

/** Joins stretches that were cut inside a word: whisper-server cuts after 60 characters, also inside a word. */
function mend(stretches: readonly Stretch[]): Stretch[] {
  // Where an engine trims its texts, a missing space says nothing about words.
  const hasSpaces = stretches.some(({ text }) => /^\s/u.test(text));
  const mended: Stretch[] = [];
  for (const next of stretches) {
    const last = mended.at(-1);
    const isTelling = hasSpaces || isUnspaced(next.text.slice(0, 1));
    if (!last || !isTelling || !isCutWord(last.text, next.text)) {
      mended.push({ ...next });
      continue;
    }
    last.text += next.text;
    last.endMs = Math.max(last.endMs, next.endMs);
    // The whole has times only where both halves have them.
    last.pieces = last.pieces.length > 0 && next.pieces.length > 0 ? [...last.pieces, ...next.pieces] : [];
  }
  return mended;
}
