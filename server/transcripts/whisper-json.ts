/** What whisper.cpp's `--output-json-full` writes, read. */
import { z } from 'zod';
import type { Recognition } from './engine.ts';
import { languageTag } from './language.ts';
import { type Piece, segmentsOf } from './words.ts';

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

/** `[_BEG_]`, `[_TT_150]`, `[_EOT_]` …: no words. */
const SPECIAL = /^\[_.*\]$/;
/** A string, or a number that C++ prints and JSON does not know. */
const STRING_OR_NAN = /"(?:[^"\\]|\\.)*"|-?\b(?:nan|inf)\b/gs;
/** Anything but what Latin 1 prints: raw line ends, which whisper.cpp does not escape. */
const CONTROLS = /[^ -\xff]/g;

/**
 * @param bytes the file: its strings may hold parts of characters, since a token of Thai or Vietnamese is often no whole one
 * @throws Error where that is not what whisper.cpp writes
 */
export function readWhisperJson(bytes: Buffer): Recognition {
  // As Latin 1 each byte stays what it is, until the tokens are together again.
  const latin = bytes.toString('latin1');
  const json = latin.replace(STRING_OR_NAN, (found) => (found.startsWith('"') ? found.replace(CONTROLS, ' ') : 'null'));
  const { result, transcription } = Document.parse(JSON.parse(json));
  return {
    language: languageTag(result.language),
    segments: segmentsOf(
      transcription.map(({ offsets, text, tokens }) => ({
        text: Buffer.from(text, 'latin1').toString('utf8'),
        startMs: offsets.from,
        endMs: offsets.to,
        // Not in this output.
        noSpeech: null,
        pieces: piecesOf(tokens),
      })),
    ),
  };
}

/** Tokens as text: a character comes with the token that brings its last byte, but begins with its first. */
function piecesOf(tokens: readonly Token[]): Piece[] {
  const decoder = new TextDecoder();
  const pieces: Piece[] = [];
  let beganMs: number | null = null;
  for (const { text, offsets, p } of tokens) {
    if (SPECIAL.test(text)) continue;
    const endMs = offsets?.to ?? pieces.at(-1)?.endMs ?? 0;
    beganMs ??= offsets?.from ?? endMs;
    const decoded = decoder.decode(Buffer.from(text, 'latin1'), { stream: true });
    if (decoded === '') continue;
    pieces.push({ text: decoded, startMs: beganMs, endMs: Math.max(beganMs, endMs), confidence: p });
    beganMs = null;
  }
  return pieces;
}
