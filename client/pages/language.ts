/** The language of a page: what the candidate has chosen for this visit, else what the browser prefers. */
const KEY = 'tresgoLanguage';

/**
 * The languages to look for after that of the address, best first: the choice of this visit, the browser's, and `others`,
 * e.g. the interview's own.
 */
export function wishedLanguages(...others: (string | null | undefined)[]): string[] {
  return [keptChoice(), ...navigator.languages, ...others].filter((lang) => typeof lang === 'string');
}

/** Writes the candidate's choice into the address, which reloads and links take on, and keeps it for the visit. */
export function keepLanguage(lang: string): void {
  const search = new URLSearchParams(location.search);
  search.set('lang', lang);
  history.replaceState(history.state, '', `${location.pathname}?${search}${location.hash}`);
  try {
    sessionStorage.setItem(KEY, lang);
  } catch {} // the address has it
}

function keptChoice(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}
