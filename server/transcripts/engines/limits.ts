/** How long an engine may take, and how much it may say. */
import { JobError, THEN_RETRY } from '../../job-error.ts';

/** The time to load a model, on a machine that is busy with recordings. */
const START_MS = 5 * 60_000;
/** On small machines, the largest models take a few times as long as the answer. */
const TIMES_REAL_TIME = 20;
/** Nobody says more words in a second: fast speech has four, and a token of Thai is part of a letter. */
const WORDS_PER_SECOND = 20;
/** A loop of the engine in a short sound, of which the first round is kept. */
const WORDS_OF_A_LOOP = 250;
/** Longer words are rare in every language that has spaces. */
const CHARACTERS_OF_A_WORD = 30;
const TOO_MUCH = 'more words than can be said';
/** The largest honest response lists each word with its times and its probability. */
const BYTES_PER_SECOND = 4_000;
const BYTES_OF_A_HEAD = 100_000;

/** How long to wait for the words of an answer of `durationMs`, in ms. */
export function patienceMs(durationMs: number): number {
  return START_MS + TIMES_REAL_TIME * durationMs;
}

/** The size of the largest response for a sound of `durationMs`, in bytes. */
export function maxResponseBytes(durationMs: number): number {
  return BYTES_OF_A_HEAD + Math.ceil((BYTES_PER_SECOND * durationMs) / 1_000);
}

/**
 * Checks that a result can have been said in a sound of `durationMs`, before anything is made of it.
 * @param said.texts the texts of the result, each part of it once
 * @param said.listed the number of words or tokens that are listed
 * @throws Error where it is too much
 */
export function requireSpeakable(said: {
  texts: readonly string[];
  listed: number;
  segments: number;
  durationMs: number;
}): void {
  const most = WORDS_OF_A_LOOP + (WORDS_PER_SECOND * said.durationMs) / 1_000;
  if (Math.max(said.listed, said.segments, countWords(said.texts, most)) > most) throw new Error(TOO_MUCH);
}

/** The words between spaces, up to more than `most`. A long run without a space counts by its length: Thai has no spaces. */
function countWords(texts: readonly string[], most: number): number {
  let words = 0;
  for (const text of texts)
    for (const { 0: run } of text.matchAll(/\S+/g)) {
      words += Math.ceil(run.length / CHARACTERS_OF_A_WORD);
      if (words > most) return words;
    }
  return words;
}

/** The error of a result that can't be read. The cause is not kept where it could quote the result. */
export function unreadable(who: string, durationMs: number, what: string, cause: unknown): JobError {
  const isTooMuch = cause instanceof Error && cause.message === TOO_MUCH;
  if (!isTooMuch) return new JobError(`${who} gave ${what}`, { final: false });
  const reason = `${who} gave ${TOO_MUCH} in ${inWords(durationMs)}: see what it is that answers, ${THEN_RETRY}`;
  return new JobError(reason, { final: true });
}

/** A time for people: `40 s`, `3 min`. */
export function inWords(ms: number): string {
  return ms < 60_000 ? `${Math.ceil(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}
