/** Captions break at good places, and are valid for any segments. */
import { describe, expect, test } from 'vitest';
import { displayWidth } from '../../../../server/display-width.ts';
import { type Cue, cuesOf, MAX_COLUMNS, MAX_CUE_MS } from '../../../../server/transcripts/captions/cues.ts';
import { toVtt } from '../../../../server/transcripts/captions/vtt.ts';
import type { Segment } from '../../../../server/transcripts/words/segments.ts';
import { wordsOf } from '../../../../server/transcripts/words/segments.ts';
import { type Chance, createChance } from '../../../support/chance.ts';
import { createRandom } from '../../../support/scale.ts';
import { readVtt } from '../../../support/speech/speech.ts';

/** A segment whose words are spoken evenly. */
function segment(text: string, startMs: number, endMs: number, withWords = true): Segment {
  const words = withWords ? wordsOf([{ text, startMs, endMs, confidence: 1 }]) : [];
  return { text, startMs, endMs, words, noSpeech: null };
}

const linesOf = (text: string, ms: number) => cuesOf([segment(text, 0, ms)], ms).map(({ lines }) => lines);

describe('cues break', () => {
  test('at the ends of sentences and clauses, with lines that are about as long', () => {
    const text =
      'My name is Anna Parker and I come from a small town near the sea. ' +
      'For the last four years I have worked as an engineer, and I enjoy solving hard problems with other people.';
    expect(linesOf(text, 11_000)).toEqual([
      ['My name is Anna Parker and I come', 'from a small town near the sea.'],
      ['For the last four years', 'I have worked as an engineer,'],
      ['and I enjoy solving hard', 'problems with other people.'],
    ]);
  });

  test('before conjunctions and not after articles, in Vietnamese, too', () => {
    const text =
      'Tôi đã làm việc ở Hà Nội trong ba năm nhưng bây giờ tôi muốn chuyển đến một thành phố khác để học thêm';
    for (const lines of linesOf(text, 9_000)) {
      expect(lines.length).toBeLessThanOrEqual(2);
      for (const line of lines) expect(line).not.toMatch(/ (một|của|ở|trong|để|nhưng)$/);
    }
  });

  test('between words in Thai, Chinese and Japanese, which are written without spaces', () => {
    const thai = 'ผมทำงานเป็นวิศวกรมาห้าปีแล้ว และผมชอบแก้ปัญหายากๆร่วมกับคนอื่น เพราะได้เรียนรู้สิ่งใหม่ๆทุกวัน';
    expect(linesOf(thai, 10_000).flat().join('')).toBe(thai.replaceAll(' ', ''));
    expect(
      linesOf(thai, 10_000)
        .flat()
        .every((line) => displayWidth(line) <= MAX_COLUMNS),
    ).toBe(true);
    const chinese = '我叫王伟，来自海边的一个小城市。过去四年我一直做工程师，我喜欢和别人一起解决困难的问题。';
    const cues = linesOf(chinese, 9_000);
    expect(cues.flat().join('')).toBe(chinese);
    expect(cues[0]?.at(-1)).toMatch(/。$/);
  });

  test('at a pause, and never longer than 7 s', () => {
    const cues = cuesOf(
      [segment('One', 0, 500), segment('two.', 4_000, 4_400), segment('Three', 5_000, 25_000)],
      30_000,
    );
    expect(cues).toEqual([
      { startMs: 0, endMs: 1_000, lines: ['One'] },
      { startMs: 4_000, endMs: 5_000, lines: ['two.'] },
      { startMs: 5_000, endMs: 12_000, lines: ['Three'] },
    ]);
  });

  test('inside a word that is wider than a line', () => {
    const [first] = linesOf('x'.repeat(100), 3_000);
    expect(first?.map((line) => line.length)).toEqual([42, 42]);
  });
});

test('segments without times of words are spread over their time', () => {
  const text =
    'this segment has no times of its words and it is much longer than two lines of a caption may be, really';
  const cues = cuesOf([segment(text, 1_000, 9_000, false)], 10_000);
  expect(cues.length).toBeGreaterThan(1);
  expect(cues[0]?.startMs).toBe(1_000);
  expect(cues.flatMap(({ lines }) => lines).join(' ')).toBe(text);
});

const VOCABULARY = [
  'a',
  'the',
  'interview',
  'and',
  'sea.',
  'worked,',
  'Nguyễn',
  '<b>',
  '-->',
  '&amp;',
  'การทำงาน',
  '東京で',
  'y'.repeat(60),
];

/** Any result of an engine with clamped times: inside the recording, in order, of any length. */
function anySegments(chance: Chance, durationMs: number): Segment[] {
  let at = 0;
  const step = () => {
    at = Math.min(durationMs, at + (chance.is(0.2) ? 0 : chance.int(0, chance.pick([10, 600, 9_000]))));
    return at;
  };
  return Array.from({ length: chance.int(0, 12) }, () => {
    const startMs = step();
    const words = Array.from({ length: chance.int(1, 30) }, () => ({
      ...{ text: chance.pick(VOCABULARY), startMs: step(), endMs: step(), confidence: null },
    }));
    const text = words.map((word) => word.text).join(' ');
    return { text, startMs, endMs: step(), words: chance.is(0.8) ? words : [], noSpeech: null };
  });
}

/** Checks the invariants of cues. */
function expectReadable(cues: readonly Cue[], durationMs: number): void {
  let passedMs = 0;
  for (const { startMs, endMs, lines } of cues) {
    expect(startMs).toBeGreaterThanOrEqual(passedMs);
    expect(endMs).toBeGreaterThan(startMs);
    expect(endMs - startMs).toBeLessThanOrEqual(MAX_CUE_MS);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(2);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(MAX_COLUMNS);
    passedMs = endMs;
  }
  expect(passedMs).toBeLessThanOrEqual(durationMs);
}

test.each(Array.from({ length: 40 }, (_, seed) => seed))(
  'any segments give valid WebVTT inside the recording (seed %i)',
  (seed) => {
    const chance = createChance(createRandom(seed));
    const durationMs = chance.int(1_000, 600_000);
    const segments = anySegments(chance, durationMs);
    const cues = cuesOf(segments, durationMs);
    expectReadable(cues, durationMs);
    expect(readVtt(toVtt(cues, { language: 'vi' }))).toEqual(cues);
    const bare = (texts: readonly string[]) => texts.join('').replace(/\s/g, '');
    expect(bare(cues.flatMap(({ lines }) => lines))).toBe(bare(segments.map(({ text }) => text)));
  },
);

test('a recording that is too short for all its cues has the cues that fit', () => {
  const segments = Array.from({ length: 9 }, () => segment('Yes, this is a whole sentence and a bit more.', 2, 2));
  const cues = cuesOf(segments, 3);
  expectReadable(cues, 3);
  expect(readVtt(toVtt(cues))).toHaveLength(cues.length);
});

test('WebVTT has the language as a note, character references instead of markup, and hours', () => {
  expect(toVtt([{ startMs: 3_723_004, endMs: 3_724_000, lines: ['a < b & c', '--> d'] }], { language: 'en' })).toBe(
    'WEBVTT\n\nNOTE language: en\n\n01:02:03.004 --> 01:02:04.000\na &lt; b &amp; c\n--&gt; d\n',
  );
  expect(toVtt([])).toBe('WEBVTT\n');
});
