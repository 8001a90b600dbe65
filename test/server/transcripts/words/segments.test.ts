/** Pieces of engines become words and segments. */
import { expect, test } from 'vitest';
import { type Piece, type Stretch, segmentsOf, wordsOf } from '../../../../server/transcripts/words/segments.ts';

/** Pieces of 100 ms each, one after the other. */
function pieces(texts: readonly string[], fromMs = 0, confidence: number | null = 0.5): Piece[] {
  return texts.map((text, at) => ({ text, startMs: fromMs + at * 100, endMs: fromMs + (at + 1) * 100, confidence }));
}

function stretch(texts: readonly string[], fromMs = 0): Stretch {
  const own = pieces(texts, fromMs);
  return { text: texts.join(''), startMs: fromMs, endMs: fromMs + texts.length * 100, noSpeech: null, pieces: own };
}

test('tokens become words with the times of their letters and the mean of their confidence', () => {
  const [, , , last] = pieces([' inter', 'view', ' answer', '.']);
  const tokens = pieces([' inter', 'view', ' answer', '.']);
  tokens[1] = { ...tokens[1], confidence: 1 } as Piece;
  expect(wordsOf([...tokens.slice(0, 3), { ...last, endMs: 5_000 } as Piece])).toEqual([
    { text: 'interview', startMs: 0, endMs: 200, confidence: 0.75 },
    { text: 'answer.', startMs: 200, endMs: 300, confidence: 0.5 },
  ]);
  expect(wordsOf(pieces([' one'], 0, null))[0]?.confidence).toBeNull();
});

test('the time of a piece of several words is spread over its words', () => {
  expect(wordsOf(pieces(['ab cd']))).toMatchObject([
    { text: 'ab', startMs: 0, endMs: 50 },
    { text: 'cd', startMs: 50, endMs: 100 },
  ]);
  // Thai: "hello" and a polite particle, from three tokens that end inside words.
  expect(wordsOf(pieces(['สวั', 'สดีค', 'รับ'])).map(({ text }) => text)).toEqual(['สวัสดี', 'ครับ']);
});

test('a segment that ends inside a word is joined with the next one', () => {
  expect(segmentsOf([stretch([' an', ' inter']), stretch(['view', '.'], 200), stretch([' Yes'], 400)])).toEqual([
    expect.objectContaining({ text: 'an interview.', startMs: 0, endMs: 400 }),
    expect.objectContaining({ text: 'Yes', startMs: 400, endMs: 500 }),
  ]);
});

test('segments of an engine that trims its texts are not joined', () => {
  expect(segmentsOf([stretch(['one']), stretch(['two'], 100)]).map(({ text }) => text)).toEqual(['one', 'two']);
});

test('empty segments are left out; a segment without times of words keeps its text', () => {
  expect(segmentsOf([stretch([' ', '\uFFFD']), { ...stretch([' said']), pieces: [] }])).toEqual([
    { text: 'said', startMs: 0, endMs: 100, words: [], noSpeech: null },
  ]);
});
