/**
 * Whether the name that a candidate types is the name in the invitation. The token is the secret; the name is a check
 * against a mix-up of links, so what people leave out, add or turn around is no difference.
 */
import { slugify, transliterate } from './names.ts';

/** How many words two names must share where one has more than the other: one alone, as "Tran", may be another person's. */
const MIN_COMMON = 2;
/** A name of more words is not put together again: the orders of its words are too many to try. */
const MAX_JOINED = 5;
/** What stands between two parts of one word: "O'Neill" is one word. */
const APOSTROPHES = /(?<=\p{L})['’‘ʼʻ`´](?=\p{L})/gu;
/** Spellings of one letter (ü, ö or ø, ä or æ, å, ß), of which `transliterate` writes the second: "ue" is "u". */
const DIGRAPHS: ReadonlyArray<readonly [RegExp, string]> = [
  [/ue/g, 'u'],
  [/oe/g, 'o'],
  [/a[ae]/g, 'a'],
  [/ss/g, 's'],
];
/** Thai letters that look the same in two spellings: sara e twice for sara ae; nikhahit and sara aa for sara am. */
const THAI_LOOKALIKES: ReadonlyArray<readonly [RegExp, string]> = [
  [/\u0e40\u0e40/g, '\u0e41'],
  [/\u0e4d([\u0e48-\u0e4b]?)\u0e32/g, '$1\u0e33'],
  [/([\u0e48-\u0e4b])\u0e4d\u0e32/g, '$1\u0e33'],
];
/** Titles before a name, as their own word; those in Latin letters also without their accents. */
const TITLES_BEFORE = new Set(
  [
    ...['mr', 'mrs', 'ms', 'miss', 'mx', 'dr', 'prof', 'professor', 'sir', 'madam', 'ing', 'dipl', 'herr', 'frau'],
    ...['med', 'mme', 'mlle', 'monsieur', 'madame', 'señor', 'señora', 'sr', 'sra', 'don', 'doña'],
    ...['ông', 'bà', 'anh', 'chị', 'cô', 'chú', 'bác', 'thầy', 'em', 'ts', 'ths', 'gs', 'pgs', 'bs', 'ks', 'ls'],
    ...['ดร', 'ผศ', 'รศ', 'ศ', 'นส', 'ดช', 'ดญ', 'นพ', 'พญ'],
  ].flatMap((word) => [word.normalize('NFC'), word.normalize('NFD').replace(/[\u0300-\u036f]/g, '')]),
);
/** Titles behind a name, as their own word. */
const TITLES_BEHIND = new Set(['jr', 'sr', 'ii', 'iii', 'iv', 'phd', 'md', 'mba', 'msc', 'bsc', 'esq']);
/** Thai titles, which are written without a space; คุณากร, where the syllable goes on, is a name. */
const THAI_TITLES =
  /^\s*(นางสาว|นายแพทย์|นาง|นาย|แพทย์หญิง|คุณ|เด็กชาย|เด็กหญิง|อาจารย์|ครู|หมอ|พี่|น้อง|ว่าที่(\s?ร้อย(ตรี|โท|เอก)(หญิง)?)?)(?![\u0e30-\u0e3a\u0e45-\u0e4e])\s*(?=\S)/u;
/** Thai titles of letters with full stops: น.ส., ผศ.ดร., พ.ต.อ. */
const THAI_SHORT_TITLES = /^\s*([ก-ฮ]{1,3}\.\s?)+\s*(?=\S)/u;
const TITLE_BEHIND = /\s*(先生|女士|小姐|さん|様|씨|님)\s*$/u;

/**
 * Whether two names are of one person. They are when their words, in any order and without titles, are the same set, or
 * when one set holds the other and has two words or more in common with it, or when the names are equal written without
 * spaces, in any order of the words of one. A further name may be an initial. Accents, case and German or Scandinavian
 * spellings (ü, ue and u) make no difference. Names without a transliteration (an emoji) must be equal in NFC.
 */
export function namesMatch(a: string, b: string): boolean {
  if (slugify(a) === '' || slugify(b) === '') return a.normalize('NFC').trim() === b.normalize('NFC').trim();
  return formsOf(a).some((one) =>
    formsOf(b).some((other) => sameWords(one, other) || isJoined(one, other) || isJoined(other, one)),
  );
}

/** The words of a name as it is, and without titles where it has some: what looks like a title may be a name. */
function formsOf(name: string): string[][] {
  const composed = THAI_LOOKALIKES.reduce(
    (text, [typed, letter]) => text.replace(typed, letter),
    name.normalize('NFC'),
  );
  const bare = withoutThaiTitles(composed)
    .replace(TITLE_BEHIND, '')
    .split(/[\s.,-]+/)
    .filter(Boolean);
  while (bare.length > 1 && TITLES_BEFORE.has(bare[0]?.toLowerCase() ?? '')) bare.shift();
  while (bare.length > 1 && TITLES_BEHIND.has(bare.at(-1)?.toLowerCase() ?? '')) bare.pop();
  return [composed, bare.join(' ')].map(wordsOf).filter((words) => words.length > 0);
}

/** There may be several: ว่าที่ ร.ต., คุณครู. */
function withoutThaiTitles(name: string): string {
  const rest = name.replace(THAI_TITLES, '').replace(THAI_SHORT_TITLES, '');
  return rest === name ? name : withoutThaiTitles(rest);
}

/** The words in the letters of ASCII. An initial ends in a full stop, with which it is typed, or stands between two words. */
function wordsOf(name: string): string[] {
  const words =
    transliterate(name.replace(APOSTROPHES, ''))
      .toLowerCase()
      .match(/\b[a-z]\.|[a-z0-9]+/g) ?? [];
  return words.map((word, at) => (word.length === 1 && at > 0 && at < words.length - 1 ? `${word}.` : word));
}

function sameWords(a: string[], b: string[]): boolean {
  const [onlyA, onlyB] = [without(a, b), without(b, a)];
  if (onlyA.length === 0 && onlyB.length === 0) return true;
  const [fewer, more] = onlyA.length < onlyB.length ? [onlyA, onlyB] : [onlyB, onlyA];
  const common = new Set(a.map(spelled)).size - new Set(onlyA.map(spelled)).size;
  return (
    common >= MIN_COMMON && fewer.every((word) => more.some((other) => isShort(word, other) || isShort(other, word)))
  );
}

/** The words that are not among the others. */
function without(words: string[], others: string[]): string[] {
  const known = new Set(others.map(spelled));
  return words.filter((word) => !known.has(spelled(word)));
}

/** Whether a word is an initial for another one: "m." for "michael". */
function isShort(initial: string, word: string): boolean {
  return initial.endsWith('.') && word.startsWith(initial.slice(0, -1));
}

/** Whether the first name without spaces is the second one without spaces, or some of its words in any order. */
function isJoined(joined: string[], words: string[]): boolean {
  // Spelled once they are joined: "lisaanderson" has an "aa" that "Lisa Anderson" has not.
  const text = spelled(joined.join(''));
  if (text === spelled(words.join(''))) return true;
  return words.length <= MAX_JOINED && [...rowsOf(words)].some((row) => spelled(row) === text);
}

/** Words in a row without spaces, at least two, in every order. */
function* rowsOf(words: string[], begun = '', count = 0): Generator<string> {
  if (count >= MIN_COMMON) yield begun;
  for (const [at, word] of words.entries()) yield* rowsOf(words.toSpliced(at, 1), begun + word, count + 1);
}

/** Letters in the shortest of their spellings, without the full stop of an initial. */
function spelled(text: string): string {
  return DIGRAPHS.reduce((plain, [digraph, letter]) => plain.replace(digraph, letter), text.replaceAll('.', ''));
}
