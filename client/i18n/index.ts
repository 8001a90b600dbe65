/**
 * The words of the pages: a folder for each part of the page, in it one file a language. To add a language, e.g. French:
 * 1. Copy `vi.ts`, and `vi.ts` of each folder, under the language's code, here `fr`, and translate. `Messages` is the type of
 *    the English words: the compiler names every word that is missing or that takes other parameters.
 * 2. Add `fr` to `languages` below, with its name. The language switch and `?lang=fr` follow.
 * 3. `test/client/i18n/words.test.ts` finds words that are empty or still English; add the letters that only French has.
 * 4. Add the `noscript` sentence to both pages (`pages/*.html`), and the language to `test/gallery/screenshots.ts`, and look
 *    at the pictures of `npm run screenshots`.
 */
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

const english: Language = {
  lang: 'en',
  languageName: 'English',
  load: () => import('./en.ts').then(({ en }) => en),
};

/** Every language of the page, in the order of the language switch. */
export const languages: readonly Language[] = [
  english,
  { lang: 'vi', languageName: 'Tiếng Việt', load: () => import('./vi.ts').then(({ vi }) => vi) },
  { lang: 'th', languageName: 'ไทย', load: () => import('./th.ts').then(({ th }) => th) },
];

/**
 * The words in the language of `?lang=`, else in the first of the browser's `preferred` languages that we have, else in
 * English. Sets the `lang` of `html`, which screen readers and hyphenation follow. Rejects where the words can't be loaded.
 */
export async function pickMessages(
  search: string,
  preferred: readonly string[],
  html: { lang: string } = document.documentElement,
): Promise<Messages> {
  const wished = [new URLSearchParams(search).get('lang') ?? '', ...preferred];
  const { lang, load } = wished.map(byTag).find((language) => language !== undefined) ?? english;
  const messages = await load();
  html.lang = lang;
  return messages;
}

/** The language of a tag: `vi-VN`, `VI` and `vi` are all Vietnamese (lookup of RFC 4647, section 3.4). */
function byTag(tag: string): Language | undefined {
  const primary = tag.toLowerCase().split(/[-_]/)[0];
  return languages.find(({ lang }) => lang === primary);
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
