/** Reads the file that whisper.cpp's `--output-json-full` writes. */
import { z } from 'zod';
import { type Piece, segmentsOf } from '../words/segments.ts';
import type { Recognition } from './engine.ts';
import { languageTag } from './language.ts';
import { requireSpeakable } from './limits.ts';
import type { ThreadWork } from './off-thread.ts';

const Offsets = z.object({ from: z.number(), to: z.number() });
const Document = z.object({
  result: z.object({ language: z.string() }),
  transcription: z.array(
    z.object({
      offsets: Offsets,
      text: z.string(),
      tokens: z
        .array(z.object({ text: z.string(), offsets: Offsets.optional(), p: z.number().nullable() }))
        .default([]),
    }),
  ),
});
type Token = z.infer<typeof Document>['transcription'][number]['tokens'][number];

/** `[_BEG_]`, `[_TT_150]`, `[_EOT_]` and the like are no words. */
const SPECIAL = /^\[_.*\]$/;
/** A string, or a number that C++ prints and JSON does not have. */
const STRING_OR_NAN = /"(?:[^"\\]|\\.)*"|-?\b(?:nan|inf)\b/gs;
/** Characters that Latin 1 does not print: raw line ends, which whisper.cpp does not escape. */
const CONTROLS = /[^ -\xff]/g;

/** Reading a result, for a thread. */
export const whisperReading: ThreadWork<{ bytes: Uint8Array; durationMs: number }, Recognition> = {
  name: 'whisper-cli',
  run: ({ bytes, durationMs }) => readWhisperJson(Buffer.from(bytes), durationMs),
};

/**
 * Reads a result of whisper.cpp.
 * @param bytes the file. Its strings may hold parts of characters: a token of Thai or Vietnamese is often part of a character
 * @param durationMs the length of the sound
 * @throws Error where whisper.cpp writes no such file, or the file has more words than can be said in `durationMs`
 */
export function readWhisperJson(bytes: Buffer, durationMs = Number.POSITIVE_INFINITY): Recognition {
  // As Latin 1 each byte keeps its value until the tokens are joined.
  const latin = bytes.toString('latin1');
  const json = latin.replace(STRING_OR_NAN, (found) => (found.startsWith('"') ? found.replace(CONTROLS, ' ') : 'null'));
  const { result, transcription } = Document.parse(JSON.parse(json));
  const texts = transcription.map(({ text }) => Buffer.from(text, 'latin1').toString('utf8'));
  const listed = transcription.reduce((sum, { tokens }) => sum + tokens.length, 0);
  requireSpeakable({ texts, listed, segments: transcription.length, durationMs });
  return {
    language: languageTag(result.language),
    segments: segmentsOf(
      transcription.map(({ offsets, tokens }, at) => ({
        text: texts[at] ?? '',
        startMs: offsets.from,
        endMs: offsets.to,
        // This output does not have it.
        noSpeech: null,
        pieces: piecesOf(tokens),
      })),
    ),
  };
}

/** Tokens as text: a character is in the piece that has its last byte, and that piece begins when its first byte did. */
function piecesOf(tokens: readonly Token[]): Piece[] {
  const decoder = new TextDecoder();
  const pieces: Piece[] = [];
  let startedMs: number | null = null;
  for (const { text, offsets, p } of tokens) {
    if (SPECIAL.test(text)) continue;
    const endMs = offsets?.to ?? pieces.at(-1)?.endMs ?? 0;
    startedMs ??= offsets?.from ?? endMs;
    const decoded = decoder.decode(Buffer.from(text, 'latin1'), { stream: true });
    if (decoded === '') continue;
    pieces.push({ text: decoded, startMs: startedMs, endMs: Math.max(startedMs, endMs), confidence: p });
    startedMs = null;
  }
  return pieces;
}
