/** Segments that nobody said are removed; segments that a candidate may have said stay. */
import { expect, test } from 'vitest';
import { filterSegments } from '../../../../server/transcripts/cleaning/filter.ts';
import { kindOf } from '../../../../server/transcripts/cleaning/hallucinations.ts';
import type { Loudness } from '../../../../server/transcripts/cleaning/loudness.ts';
import type { Segment } from '../../../../server/transcripts/words/segments.ts';
import { wordsOf } from '../../../../server/transcripts/words/segments.ts';

const SPEECH_DBFS = -20;
const ROOM_DBFS = -55;

/** Segments of 2 s each, one after the other. */
function said(...texts: readonly (string | { text: string; noSpeech: number })[]): Segment[] {
  return texts.map((each, at) => {
    const { text, noSpeech } = typeof each === 'string' ? { text: each, noSpeech: null } : each;
    const [startMs, endMs] = [at * 2_000, (at + 1) * 2_000];
    return { text, startMs, endMs, noSpeech, words: wordsOf([{ text, startMs, endMs, confidence: 0.9 }]) };
  });
}

/** The loudness, in dBFS, of each 2 s. */
function loud(...dbfs: readonly number[]): Loudness {
  return { levels: dbfs.flatMap((level) => Array.from({ length: 20 }, () => level)) };
}

const kept = (segments: Segment[], loudness: Loudness) => filterSegments(segments, loudness).map(({ text }) => text);

test.each([
  'Thanks for watching!',
  'Thank you so much for watching this video.',
  'Thanks for watching! Thanks for watching!',
  'Please subscribe to my channel.',
  'Don’t forget to like and subscribe!',
  'See you in the next video.',
  'Subtitles by John Smith',
  'Cảm ơn các bạn đã theo dõi.',
  'Cảm ơn các bạn đã theo dõi và hẹn gặp lại.',
  'Hãy đăng kí cho kênh của mình nhé',
  'Hẹn gặp lại các bạn trong những video tiếp theo',
  'ขอบคุณที่รับชม',
  'ขอบคุณที่ติดตามครับ',
  'โปรดติดตามตอนต่อไป',
  'อย่าลืมกดไลค์ กดติดตาม',
])('“%s” is removed at the end and in silence, and stays where the candidate speaks', (text) => {
  expect(kindOf(text)).toBe('credits');
  expect(kept(said('I live here.', text), loud(SPEECH_DBFS, SPEECH_DBFS))).toEqual(['I live here.']);
  expect(kept(said(text, 'I live here.'), loud(ROOM_DBFS, SPEECH_DBFS))).toEqual(['I live here.']);
  expect(kept(said(text, 'I live here.'), loud(SPEECH_DBFS, SPEECH_DBFS))).toHaveLength(2);
});

test.each([
  '[BLANK_AUDIO]',
  '(music)',
  '[Âm nhạc]',
  '（音楽）',
  '*coughs*',
  '♪',
  '♪ la la la ♪',
  '…',
  'Subtitles by the Amara.org community',
  'Hãy subscribe cho kênh Ghiền Mì Gõ Để không bỏ lỡ những video hấp dẫn',
  'Hãy đăng kí cho kênh La La School Để không bỏ lỡ những video hấp dẫn',
])('“%s” is removed everywhere', (text) => {
  expect(kept(said(text, 'I live here.'), loud(SPEECH_DBFS, SPEECH_DBFS))).toEqual(['I live here.']);
});

test.each(['Thank you.', 'Thank you very much!', 'Cảm ơn các bạn đã lắng nghe.', 'ขอบคุณครับ', 'Bye.', 'you'])(
  '“%s” stays where it is said, also at the end, and is removed in silence',
  (text) => {
    expect(kindOf(text)).toBe('courtesy');
    expect(kept(said('I live here.', text), loud(SPEECH_DBFS, SPEECH_DBFS))).toEqual(['I live here.', text]);
    expect(kept(said('I live here.', text), loud(SPEECH_DBFS, ROOM_DBFS))).toEqual(['I live here.']);
    const doubted = said('I live here.', { text, noSpeech: 0.9 });
    expect(kept(doubted, loud(SPEECH_DBFS, SPEECH_DBFS))).toEqual(['I live here.']);
  },
);

test.each([
  'Thank you for the question, I worked there for two years.',
  'I watched a video and subscribed to the channel.',
  'My channel has subtitles by volunteers.',
  'Then I taught at La La School for two years.',
  'Tôi có một kênh YouTube về nấu ăn.',
  'Cảm ơn anh chị đã cho em cơ hội phỏng vấn.',
  'ขอบคุณที่ให้โอกาสผมสัมภาษณ์',
  '(laughs) and then I left',
  'Very, very, very well.',
])('“%s” is speech', (text) => {
  expect(kindOf(text)).toBe('speech');
  expect(kept(said('I live here.', text), loud(SPEECH_DBFS, ROOM_DBFS))).toEqual(['I live here.', text]);
});

test('several credits at the end are all removed', () => {
  const texts = ['I live here.', 'Thanks for watching!', 'See you in the next video.', '[Music]'];
  expect(kept(said(...texts), loud(-20, -20, -20, -20))).toEqual(['I live here.']);
});

test('any text is removed in silence, and stays where the microphone is only quiet', () => {
  expect(kept(said('I live here.', 'And so on.'), loud(SPEECH_DBFS, -80))).toHaveLength(2);
  const texts = said('I live here.', 'and so', 'And so on.', 'I see');
  expect(kept(texts, loud(SPEECH_DBFS, -80, -80, -80))).toEqual(['I live here.', 'and so']);
  expect(kept(said('I live here.', 'And so on.'), loud(-57, -58))).toHaveLength(2);
});

test('a click in a silent room is no speech', () => {
  const levels = [...loud(SPEECH_DBFS, ROOM_DBFS, ROOM_DBFS).levels];
  levels[45] = SPEECH_DBFS;
  expect(kept(said('I live here.', '…', 'Thank you.'), { levels })).toEqual(['I live here.']);
});

test('a segment that is repeated many times is kept once', () => {
  expect(kept(said('So.', 'so', 'So!', 'I left.'), loud(-20, -20, -20, -20))).toEqual(['So.', 'I left.']);
  expect(kept(said('Yes.', 'Yes.', 'I left.'), loud(-20, -20, -20))).toEqual(['Yes.', 'Yes.', 'I left.']);
});

test('words that are repeated many times in a segment are kept once, in the text and in the words', () => {
  const [looped] = filterSegments(said(`Well, ${'I think that, '.repeat(8)}it works.`), loud(-20));
  expect(looped).toMatchObject({ text: 'Well, I think that, it works.', startMs: 0, endMs: 2_000 });
  expect(looped?.words.map(({ text }) => text)).toEqual(['Well,', 'I', 'think', 'that,', 'it', 'works.']);
  const [fine] = filterSegments(said('It was very very very very very good.'), loud(-20));
  expect(fine?.text).toBe('It was very very very very very good.');
});
