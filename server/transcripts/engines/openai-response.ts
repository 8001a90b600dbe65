/**
 * The responses of `/v1/audio/transcriptions`, in their dialects. OpenAI lists the words of all segments beside the segments
 * and without punctuation; whisper-server lists tokens inside each segment; others have segments or a text alone, and leave
 * out times, or write `null`, `NaN` or a text for a number. What can't be understood is left out, the rest is kept.
 */
import { z } from 'zod';
import { type Piece, type Stretch, segmentsOf } from '../words/segments.ts';
import type { Heard } from './engine.ts';
import { languageTag } from './language.ts';
import { requireSpeakable } from './limits.ts';
import type { ThreadWork } from './off-thread.ts';

/** `1.5`, `"1.5"`; everything else is no number. */
const Numeric = z
  .preprocess((value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value), z.number())
  .nullable()
  .catch(null)
  .default(null);
const Text = z.string().nullable().catch(null).default(null);
/** The entries of a list that are understood; null where there is no list. */
function listOf<T>(entry: z.ZodType<T>) {
  return z
    .array(z.unknown())
    .transform((all) =>
      all.flatMap((each) => {
        const { success, data } = entry.safeParse(each);
        return success ? [data] : [];
      }),
    )
    .nullable()
    .catch(null)
    .default(null);
}

const Spoken = z
  .object({ word: Text, text: Text, start: Numeric, end: Numeric, probability: Numeric })
  .transform(({ word, text, ...rest }) => ({ ...rest, word: word ?? text ?? '' }));
const SpokenSegment = z.object({
  text: z.string(),
  start: Numeric,
  end: Numeric,
  no_speech_prob: Numeric,
  words: listOf(Spoken),
});
const VerboseJson = z.object({
  text: Text,
  language: Text,
  segments: listOf(SpokenSegment),
  words: listOf(Spoken),
  detected_language: Text,
  detected_language_probability: Numeric,
});
type VerboseJson = z.infer<typeof VerboseJson>;
type Spoken = z.infer<typeof Spoken>;

/** How far ahead in the text a word is looked for: words between two listed words may be missing from the list. */
const AHEAD_CHARACTERS = 80;
/** The times of words and of segments differ by up to 1 s. */
const SLACK_SECONDS = 1;
/** A string, or a number that Python prints and JSON does not have. */
const STRING_OR_NAN = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|nan|Infinity|inf)\b/gs;

/** A response, and the length of the sound that was sent. */
export interface OpenAiResponse {
  text: string;
  /** Whether the response says that it is text, not JSON. */
  isPlain: boolean;
  durationMs: number;
}

/** Reading a response, for a thread. */
export const openAiReading: ThreadWork<OpenAiResponse, Heard> = { name: 'openai', run: readResponse };

/**
 * Reads a response.
 * @throws Error where it is no transcription, or has more words than can be said in `durationMs`
 */
export function readResponse({ text, isPlain, durationMs }: OpenAiResponse): Heard {
  const document = isPlain ? VerboseJson.parse({ text }) : parse(text);
  const { segments, words } = document;
  // Understood are at least a text or all of an empty list.
  if (document.text === null && !segments) throw new Error('the response has no text');
  const listed = Math.max(words?.length ?? 0, segments?.reduce((sum, each) => sum + (each.words?.length ?? 0), 0) ?? 0);
  const texts = segments && segments.length > 0 ? segments.map((each) => each.text) : [document.text ?? ''];
  requireSpeakable({ texts, listed, segments: segments?.length ?? 0, durationMs });
  const language = languageTag(document.detected_language);
  return {
    recognition: {
      language: languageTag(document.language),
      segments: segmentsOf(stretchesOf(document, durationMs)),
    },
    detected: language === null ? null : { language, probability: document.detected_language_probability ?? 1 },
  };
}

function parse(text: string): VerboseJson {
  const json: unknown = JSON.parse(text.replace(STRING_OR_NAN, (found) => (found.startsWith('"') ? found : 'null')));
  const document = VerboseJson.parse(typeof json === 'string' ? { text: json } : json);
  const given = (json as { segments?: unknown }).segments;
  // A list of which nothing is understood is none; with a text the text counts.
  const isLost = Array.isArray(given) && given.length > 0 && document.segments?.length === 0;
  return isLost ? { ...document, segments: null, text: document.text || null } : document;
}

function stretchesOf({ segments, words, text }: VerboseJson, durationMs: number): Stretch[] {
  const endSeconds = durationMs / 1_000;
  const whole = { text: text ?? '', start: 0, end: endSeconds, no_speech_prob: null, words: null };
  // Without segments, or with fewer words in them than in the text, the whole text is one segment.
  const all = timed(segments && (segments.length > 0 || !text?.trim()) ? segments : [whole], endSeconds);
  const own = all.some((segment) => segment.words && segment.words.length > 0);
  const pieces = own ? all.flatMap((segment) => align([segment], segment.words ?? [])) : align(all, words ?? []);
  return all.map((segment, index) => ({
    text: segment.text,
    startMs: ms(segment.start),
    endMs: ms(segment.end),
    noSpeech: segment.no_speech_prob,
    pieces: pieces[index] ?? [],
  }));
}

/** Segments without times get those between the others'. */
function timed(segments: readonly z.infer<typeof SpokenSegment>[], endSeconds: number) {
  let passed = 0;
  return segments.map((segment, at) => {
    const start = segment.start ?? segment.words?.find((word) => word.start !== null)?.start ?? passed;
    const next = segments.slice(at + 1, at + 2).find((each) => each.start !== null)?.start;
    const end = Math.max(start, segment.end ?? next ?? (at === segments.length - 1 ? endSeconds : start));
    passed = end;
    return { ...segment, start, end };
  });
}

/** Each segment's text, cut where a listed word begins; a word that is not listed belongs to the piece before it. */
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
      confidence: spoken.probability,
    })),
  );
}

/** The index of a word in a text, at `from` or shortly after it; -1 where the word is not near. */
function find(text: string, word: string, from: number): number {
  const wanted = lower(word.trim());
  if (wanted === '') return -1;
  const end = from + AHEAD_CHARACTERS + wanted.length;
  const at = lower(text.slice(from, end)).indexOf(wanted);
  return at === -1 || at > AHEAD_CHARACTERS ? -1 : from + at;
}

/** The text in lower case; unchanged where lower case has another length, which would move indexes. */
function lower(text: string): string {
  const folded = text.toLowerCase();
  return folded.length === text.length ? folded : text;
}

const ms = (seconds: number) => Math.round(seconds * 1_000);
