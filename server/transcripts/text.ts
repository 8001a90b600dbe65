/** Text of any language: its words, also where no spaces stand between them, and its width on a screen. */

/** Scripts that write words without spaces between them. */
const UNSPACED =
  /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
/** Of them, those that have no spaces between sentences, either; with their punctuation. */
const IDEOGRAPHIC = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef]/u;
/** Twice as wide as a Latin letter. */
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60]/u;
/** What belongs to the word behind it. */
const OPENING = /[\p{Ps}\p{Pi}]$/u;
const LETTER_LAST = /[\p{L}\p{N}\p{M}]$/u;
const LETTER_FIRST = /^['’]?[\p{L}\p{N}\p{M}]/u;

const words = new Intl.Segmenter(undefined, { granularity: 'word' });
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

export interface PlacedWord {
  text: string;
  /** Where it begins in the text. */
  at: number;
}

/** Without what no text should hold: control characters and the remains of broken encodings. Spaces stay as they are. */
export function clean(text: string): string {
  return text.replace(/[\p{Cc}\uFFFD]+/gu, (found) => (/[\t\n\r]/.test(found) ? ' ' : ''));
}

/** Cleaned, with single spaces, and none at the ends. */
export function tidy(text: string): string {
  return clean(text).replace(/\s+/gu, ' ').trim();
}

/** The words of a text with the punctuation at them: put together, they are the text without its spaces. */
export function wordsIn(text: string): PlacedWord[] {
  return [...text.matchAll(/\S+/gu)].flatMap(({ 0: run, index }) =>
    UNSPACED.test(run) ? wordsInRun(run, index) : [{ text: run, at: index }],
  );
}

function wordsInRun(run: string, at: number): PlacedWord[] {
  const found: PlacedWord[] = [];
  for (const { segment, index, isWordLike } of words.segment(run)) {
    const last = found.at(-1);
    if (last && !OPENING.test(segment) && (!isWordLike || OPENING.test(last.text))) last.text += segment;
    else found.push({ text: segment, at: at + index });
  }
  return found;
}

/** Whether the end of one text and the beginning of the next are halves of a word. */
export function isCutWord(before: string, after: string): boolean {
  const [tail, head] = [before.slice(-40), after.slice(0, 40)];
  // Not at a full stop: "sea.And" would count as one word.
  if (!LETTER_LAST.test(tail) || !LETTER_FIRST.test(head)) return false;
  const word = words.segment(tail + head).containing(tail.length);
  return word?.isWordLike === true && word.index < tail.length;
}

export function isUnspaced(text: string): boolean {
  return UNSPACED.test(text);
}

/** What stands between two pieces of text that follow each other. */
export function spaceBetween(before: string, after: string): '' | ' ' {
  return IDEOGRAPHIC.test(before.slice(-1)) && IDEOGRAPHIC.test(after.slice(0, 1)) ? '' : ' ';
}

/** What a reader sees as one character. */
export function graphemesOf(text: string): string[] {
  return [...graphemes.segment(text)].map(({ segment }) => segment);
}

/** The width of a text, in Latin letters. */
export function columnsOf(text: string): number {
  return graphemesOf(text).reduce((sum, grapheme) => sum + (WIDE.test(grapheme) ? 2 : 1), 0);
}
