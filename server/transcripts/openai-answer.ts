/**
 * What `/v1/audio/transcriptions` answers as `verbose_json`, in all its dialects: OpenAI lists the words of all segments
 * beside them, without punctuation; whisper-server lists tokens in each segment.
 */
import { z } from 'zod';
import type { Recognition } from './engine.ts';
import { languageTag } from './language.ts';
import { type Piece, type Stretch, segmentsOf } from './words.ts';

const Spoken = z.object({
  word: z.string(),
  start: z.number().nullish(),
  end: z.number().nullish(),
  probability: z.number().nullish(),
});
const Answer = z.object({
  text: z.string(),
  language: z.string().nullish(),
  segments: z
    .array(
      z.object({
        text: z.string(),
        start: z.number(),
        end: z.number(),
        no_speech_prob: z.number().nullish(),
        words: z.array(Spoken).nullish(),
      }),
    )
    .nullish(),
  words: z.array(Spoken).nullish(),
  detected_language: z.string().nullish(),
  detected_language_probability: z.number().nullish(),
});
type Answer = z.infer<typeof Answer>;
type Spoken = z.infer<typeof Spoken>;

export interface OpenAiAnswer extends Recognition {
  /** What the server takes the language for, and how sure it is; null where it does not say. */
  detected: { language: string; probability: number } | null;
}

/** A word is looked for so many characters ahead: what comes between was not listed. */
const AHEAD = 80;
/** Times of words and of segments differ by as much. */
const SLACK_SECONDS = 1;

/** @throws Error where that is no such answer */
export function readOpenAiAnswer(json: string, durationMs: number): OpenAiAnswer {
  const answer = Answer.parse(JSON.parse(json));
  const detected = languageTag(answer.detected_language);
  return {
    language: languageTag(answer.language),
    segments: segmentsOf(stretchesOf(answer, durationMs)),
    detected: detected === null ? null : { language: detected, probability: answer.detected_language_probability ?? 1 },
  };
}

function stretchesOf({ segments, words, text }: Answer, durationMs: number): Stretch[] {
  // A server without segments has one.
  const all = segments ?? [{ text, start: 0, end: durationMs / 1_000, no_speech_prob: null, words: null }];
  const own = all.some((segment) => segment.words && segment.words.length > 0);
  const pieces = own ? all.flatMap((segment) => align([segment], segment.words ?? [])) : align(all, words ?? []);
  return all.map((segment, index) => ({
    text: segment.text,
    startMs: ms(segment.start),
    endMs: ms(segment.end),
    noSpeech: segment.no_speech_prob ?? null,
    pieces: pieces[index] ?? [],
  }));
}

/** The texts, each cut where the next of the words begins; a word that is not found goes with the one before it. */
function align(segments: readonly { text: string; end: number }[], words: readonly Spoken[]): Piece[][] {
  const found: { at: number; spoken: Spoken }[][] = segments.map(() => []);
  let segment = 0;
  let from = 0;
  for (const spoken of words) {
    const starts = spoken.start ?? null;
    if (starts === null) continue;
    const within = (index: number, after: number) => find(segments[index]?.text ?? '', spoken.word, after);
    let at = within(segment, from);
    const isOver = starts >= (segments[segment]?.end ?? 0) - SLACK_SECONDS;
    if (at === -1 && isOver && segment + 1 < segments.length) {
      at = within(segment + 1, 0);
      if (at !== -1) segment += 1;
    }
    if (at === -1) continue;
    found[segment]?.push({ at, spoken });
    from = at + spoken.word.trim().length;
  }
  return found.map((places, index) =>
    places.map(({ at, spoken }, place) => ({
      text: (segments[index]?.text ?? '').slice(place === 0 ? 0 : at, places[place + 1]?.at),
      startMs: ms(spoken.start ?? 0),
      endMs: ms(Math.max(spoken.start ?? 0, spoken.end ?? 0)),
      confidence: spoken.probability ?? null,
    })),
  );
}

/** Where a word is in a text, from a place on; -1 where it is not near. */
function find(text: string, word: string, from: number): number {
  const wanted = lower(word.trim());
  if (wanted === '') return -1;
  const at = lower(text).indexOf(wanted, from);
  return at - from <= AHEAD ? at : -1;
}

/** Lower case where that changes no place in the text. */
function lower(text: string): string {
  const folded = text.toLowerCase();
  return folded.length === text.length ? folded : text;
}

const ms = (seconds: number) => Math.round(seconds * 1_000);
