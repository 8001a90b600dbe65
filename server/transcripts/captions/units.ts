/** The units that captions are made of, and how good a break between two units is. */
import { displayWidth } from '../../display-width.ts';
import { type Segment, wordsOf } from '../words/segments.ts';
import { graphemesOf, isUnspaced, spaceBetween } from '../words/text.ts';

/** A word with its punctuation, or a part of a word that is wider than a line. */
export interface Unit {
  text: string;
  /** Whether there is a space before the unit. */
  space: boolean;
  /** The unit's display width without that space. */
  columns: number;
  startMs: number;
  endMs: number;
  /** Whether the unit is the last one of its segment. */
  endsSegment: boolean;
}

const SENTENCE_END = /[.!?…。！？]["'”’»)\]]*$/u;
const CLAUSE_END = /[,;:–—，、；：]["'”’»)\]]*$/u;
/** A longer pause between two units is a good place for a break. */
const PAUSE_MS = 400;
/** A break before one of these words is good. */
const CONJUNCTIONS = new Set([
  ...[
    'and',
    'but',
    'or',
    'nor',
    'so',
    'yet',
    'because',
    'although',
    'though',
    'while',
    'when',
    'if',
    'unless',
    'until',
  ],
  ...['that', 'which', 'who', 'where', 'whereas', 'since', 'after', 'before', 'then'],
  ...['và', 'nhưng', 'hoặc', 'hay', 'vì', 'bởi', 'nên', 'mà', 'thì', 'nếu', 'khi', 'để', 'rằng', 'tuy', 'sau', 'trước'],
  ...['และ', 'แต่', 'หรือ', 'เพราะ', 'ที่', 'ซึ่ง', 'ถ้า', 'เมื่อ', 'แล้ว', 'โดย', 'เพื่อ', 'ว่า'],
]);
/** These words belong to the word after them: a break after one is bad. */
const CLINGING = new Set([
  ...[
    'a',
    'an',
    'the',
    'of',
    'to',
    'in',
    'on',
    'at',
    'for',
    'with',
    'from',
    'by',
    'my',
    'your',
    'our',
    'his',
    'her',
    'their',
  ],
  ...['i', 'you', 'we', 'they', 'he', 'she', 'it', 'is', 'are', 'was', 'were', 'not', 'very', 'and', 'or', 'but'],
  ...['một', 'những', 'các', 'của', 'ở', 'trong', 'với', 'cho', 'tôi', 'em', 'không', 'rất', 'đã', 'đang', 'sẽ', 'và'],
  ...['ไม่', 'ใน', 'ของ', 'กับ', 'จาก', 'การ', 'ความ', 'และ'],
]);

/** The units of all segments. Words that are wider than `maxColumns` are cut. */
export function unitsOf(segments: readonly Segment[], maxColumns: number): Unit[] {
  let before = '';
  return segments.flatMap((segment) => {
    const { text, startMs, endMs } = segment;
    // Where words have no times, the segment's time is spread evenly over its text.
    const words = segment.words.length > 0 ? segment.words : wordsOf([{ text, startMs, endMs, confidence: null }]);
    let from = 0;
    const units = words.flatMap((word, index) => {
      const at = text.indexOf(word.text, from);
      const space = index === 0 ? spaceBetween(before, text) !== '' : at > from;
      if (at >= 0) from = at + word.text.length;
      const endsSegment = index === words.length - 1;
      return cut({ ...word, space, columns: displayWidth(word.text), endsSegment }, maxColumns);
    });
    before = text;
    return units;
  });
}

function cut({ text, space, startMs, endMs, columns, endsSegment }: Unit, maxColumns: number): Unit[] {
  if (columns <= maxColumns) return [{ text, space, startMs, endMs, columns, endsSegment }];
  const parts: { text: string; columns: number }[] = [];
  for (const grapheme of graphemesOf(text)) {
    const width = displayWidth(grapheme);
    const last = parts.at(-1);
    if (last && last.columns + width <= maxColumns) {
      last.text += grapheme;
      last.columns += width;
    } else parts.push({ text: grapheme, columns: width });
  }
  const stepMs = (endMs - startMs) / parts.length;
  return parts.map((part, at) => ({
    ...part,
    space: space && at === 0,
    startMs: Math.round(startMs + at * stepMs),
    endMs: Math.round(startMs + (at + 1) * stepMs),
    endsSegment: endsSegment && at === parts.length - 1,
  }));
}

/** How bad a break after a unit is: from 0 at a sentence's end to 8 after a word that belongs to the next one. */
export function breakCost(units: readonly Unit[], at: number): number {
  const [unit, next] = [units[at], units[at + 1]];
  if (!unit || !next || SENTENCE_END.test(unit.text)) return 0;
  if (next.startMs - unit.endMs >= PAUSE_MS) return 1;
  // In Thai, a space ends a clause.
  if (CLAUSE_END.test(unit.text) || (isUnspaced(unit.text) && next.space)) return 2;
  if (unit.endsSegment || CONJUNCTIONS.has(next.text.toLowerCase())) return 3;
  return CLINGING.has(unit.text.toLowerCase()) ? 8 : 5;
}
