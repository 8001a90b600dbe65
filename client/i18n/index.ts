/** Words: which language, and what to say to a refusal of the server. */
import type { Messages } from './en.ts';
import { en } from './en.ts';
import type { RefusalFacts } from './failures/en.ts';
import { th } from './th.ts';
import { vi } from './vi.ts';

export type { Messages } from './en.ts';

/** Every language of the page, in the order of the language switch. */
export const languages: readonly Messages[] = [en, vi, th];

/**
 * The words for `?lang=` (vi, th, en), else for the first of the browser's `preferred` languages that we have, else
 * English. Marks `html` with the language, so that screen readers and hyphenation follow.
 */
export function pickMessages(
  search: string,
  preferred: readonly string[],
  html: { lang: string } = document.documentElement,
): Messages {
  const wished = [new URLSearchParams(search).get('lang') ?? '', ...preferred];
  const found = wished.map(byTag).find((messages) => messages !== undefined) ?? en;
  html.lang = found.lang;
  return found;
}

/** `vi-VN`, `VI` and `vi` are all Vietnamese: RFC 4647, section 3.4. */
function byTag(tag: string): Messages | undefined {
  const primary = tag.toLowerCase().split(/[-_]/)[0];
  return languages.find((messages) => messages.lang === primary);
}

/** A refusal as `ApiError` bears it. */
export interface Refusal {
  code: string;
  detail: string;
  retryAfterSeconds: number | null;
  body: { missing?: number[] } | null;
}

/** What to tell people about a refusal: our own words for a code we know, else the server's `detail` in English, and its code elsewhere. */
export function refusalWords(messages: Messages, refusal: Refusal): string {
  const known: Record<string, (facts: RefusalFacts) => string> = messages.refusals;
  const words = Object.hasOwn(known, refusal.code) ? known[refusal.code] : undefined;
  const facts = { retryAfterSeconds: refusal.retryAfterSeconds, missing: refusal.body?.missing ?? [] };
  return words?.(facts) ?? messages.otherRefusal(refusal.code, refusal.detail);
}
