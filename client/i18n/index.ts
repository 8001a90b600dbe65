/**
 * The words of the pages: a folder for each part of the page, in it one file a language. To add a language, e.g. French:
 * 1. Copy `vi.ts`, and `vi.ts` of each folder, under the language's code, here `fr`, and translate. `Messages` is the type of
 *    the English words: the compiler names every word that is missing or that takes other parameters.
 * 2. Add `fr` to `languages` below, with its name. The language switch and `?lang=fr` follow.
 * 3. `test/client/i18n/words.test.ts` finds words that are empty or still English; add the letters that only French has.
 * 4. Add the sentences of `late` and `noscript` to the pages (`pages/*.html`), and the language to `test/gallery/screenshots.ts`, and look
 *    at the pictures of `npm run screenshots`.
 */
import { systemTimers, type Timers, within } from '../timers.ts';
import type { Messages } from './en.ts';
import type { ProblemFacts } from './failures/en.ts';

export type { Messages } from './en.ts';

/** A language of the page. */
export interface Language {
  /** Its tag, e.g. `vi`. */
  lang: string;
  /** Its own name for itself. */
  languageName: string;
  /** Loads its words; a page shows one language, and the others stay on the server. Rejects where they can't be loaded. */
  load: () => Promise<Messages>;
}

/** Every language of the page, in the order of the language switch; the first is that of who wishes none of them. */
export const languages: readonly Language[] = [
  { lang: 'en', languageName: 'English', load: () => import('./en.ts').then(({ en }) => en) },
  { lang: 'vi', languageName: 'Tiếng Việt', load: () => import('./vi.ts').then(({ vi }) => vi) },
  { lang: 'th', languageName: 'ไทย', load: () => import('./th.ts').then(({ th }) => th) },
];

/** What the choice of the words needs. */
interface Choice {
  /** Has the language that screen readers and hyphenation follow: it is set to that of the words. */
  html?: { lang: string };
  all?: readonly Language[];
}

/**
 * The words in the language of `?lang=`, else in the first of the browser's `preferred` languages that we have, else in
 * English. Rejects where the words can't be loaded.
 */
export async function pickMessages(
  search: string,
  preferred: readonly string[],
  { html = document.documentElement, all = languages }: Choice = {},
): Promise<Messages> {
  return shown(await wishedOf(search, preferred, all).load(), html);
}

/** How long a page without any words waits for those in the wished language, in ms. */
const PATIENCE_MS = 4000;

/**
 * As `pickMessages`, for a page that has no words yet: where they fail or are late, English ones are asked for as well, and the
 * page begins with what comes first. `late` is given the wished ones that come after all, while the others are shown.
 */
export async function firstMessages(
  search: string,
  preferred: readonly string[],
  late: (messages: Messages) => void,
  { html = document.documentElement, all = languages, timers = systemTimers }: Choice & { timers?: Timers } = {},
): Promise<Messages> {
  const words = wishedOf(search, preferred, all).load();
  const soon = words.catch(() => null);
  const inTime = await within(soon, PATIENCE_MS, () => null, timers);
  if (inTime) return shown(inTime, html);
  const first = shown(await Promise.any([words, wishedOf('', [], all).load()]), html);
  void soon.then((wished) => {
    if (wished && wished !== first && html.lang === first.lang) late(shown(wished, html));
  });
  return first;
}

function shown(messages: Messages, html: { lang: string }): Messages {
  html.lang = messages.lang;
  return messages;
}

/** The language that is wished, else English, which comes first of all. */
function wishedOf(search: string, preferred: readonly string[], all: readonly Language[]): Language {
  const wished = [new URLSearchParams(search).get('lang') ?? '', ...preferred];
  const found = wished.map((tag) => byTag(tag, all)).find((language) => language !== undefined);
  return found ?? (all[0] as Language);
}

/** The language of a tag: `vi-VN`, `VI` and `vi` are all Vietnamese (lookup of RFC 4647, section 3.4). */
function byTag(tag: string, all: readonly Language[]): Language | undefined {
  const primary = tag.toLowerCase().split(/[-_]/)[0];
  return all.find(({ lang }) => lang === primary);
}

/** What the page knows of a problem that the server sent; `ApiError` has these members. */
export interface Problem {
  code: string;
  /** The server's own sentence, in English. */
  detail: string;
  retryAfterSeconds: number | null;
  /** `missing`: questions, from 1, whose answer has not arrived. */
  body: { missing?: number[] } | null;
}

/**
 * The sentence that explains a problem to the candidate: our own for a code that we know. For any other code it is the
 * server's `detail` in English, and a sentence with the code in the other languages.
 */
export function problemText(messages: Messages, problem: Problem): string {
  const known: Record<string, (facts: ProblemFacts) => string> = messages.problems;
  const words = Object.hasOwn(known, problem.code) ? known[problem.code] : undefined;
  const facts = { retryAfterSeconds: problem.retryAfterSeconds, missing: problem.body?.missing ?? [] };
  return words?.(facts) ?? messages.otherProblem(problem.code, problem.detail);
}
