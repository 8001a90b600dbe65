/** Candidates' links. */

/** The languages that the candidate's page has. */
const PAGE_LANGUAGES = ['en', 'vi', 'th'] as const;
/** A language that the candidate's page has. */
export type PageLanguage = (typeof PAGE_LANGUAGES)[number];

/**
 * The link that begins an interview. The secret is in the fragment, which no server and no log sees.
 * @param language of the page; the browser's own where it is null or one that the page does not have
 */
export function linkOf(origin: string, secret: string, language: string | null): string {
  const known = pageLanguage(language);
  return `${origin}/${known ? `?lang=${known}` : ''}#t=${encodeURIComponent(secret)}`;
}

/** The language of the page for a language in BCP 47; null where the page does not have it. */
export function pageLanguage(language: string | null | undefined): PageLanguage | null {
  const [primary] = language?.toLowerCase().split('-') ?? [];
  return PAGE_LANGUAGES.find((known) => known === primary) ?? null;
}
