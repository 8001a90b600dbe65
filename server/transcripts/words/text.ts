/** Text of any language: its words, also where there are no spaces between words. */

/** Scripts that write words without spaces between them. */
const UNSPACED =
  /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
/** Scripts, with their punctuation, that have no spaces between sentences either. */
const IDEOGRAPHIC = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef]/u;
/** Opening brackets and quotation marks: they belong to the word after them. */
const OPENING = /[\p{Ps}\p{Pi}]$/u;
const LETTER_LAST = /[\p{L}\p{N}\p{M}]$/u;
const LETTER_FIRST = /^['’]?[\p{L}\p{N}\p{M}]/u;

const words = new Intl.Segmenter(undefined, { granularity: 'word' });
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** A word and its place in a text. */
interface PlacedWord {
  text: string;
  /** The index in the text where the word begins. */
  at: number;
}

/** Removes control characters and the remains of broken encodings (U+FFFD). Spaces stay as they are. */
export function clean(text: string): string {
  return text.replace(/[\p{Cc}\uFFFD]+/gu, (found) => (/[\t\n\r]/.test(found) ? ' ' : ''));
}

/** Cleans a text and leaves single spaces between words and none at the ends. */
export function tidy(text: string): string {
  return clean(text).replace(/\s+/gu, ' ').trim();
}

/** The words of a text with their punctuation: joined, the words are the text without its spaces. */
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

/** Whether the end of one text and the beginning of the next are halves of one word. */
export function isCutWord(before: string, after: string): boolean {
  const [tail, head] = [before.slice(-40), after.slice(0, 40)];
  // Between letters only: the segmenter takes "sea.And" for one word.
  if (!LETTER_LAST.test(tail) || !LETTER_FIRST.test(head)) return false;
  const word = words.segment(tail + head).containing(tail.length);
  return word?.isWordLike === true && word.index < tail.length;
}

/** Whether a text has characters of a script that writes words without spaces between them. */
export function isUnspaced(text: string): boolean {
  return UNSPACED.test(text);
}

/** The space between two texts that follow each other; empty between ideographs. */
export function spaceBetween(before: string, after: string): '' | ' ' {
  return IDEOGRAPHIC.test(before.slice(-1)) && IDEOGRAPHIC.test(after.slice(0, 1)) ? '' : ' ';
}

/** The characters of a text as a reader sees them (grapheme clusters). */
export function graphemesOf(text: string): string[] {
  return [...graphemes.segment(text)].map(({ segment }) => segment);
}
