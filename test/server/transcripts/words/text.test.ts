/** Words and spaces of texts in any language. */
import { expect, test } from 'vitest';
import { clean, isCutWord, spaceBetween, tidy, wordsIn } from '../../../../server/transcripts/words/text.ts';

const texts = (text: string) => wordsIn(text).map((word) => word.text);

test('words keep their punctuation, and are found also in scripts without spaces', () => {
  expect(texts(' I said: “well-known”, didn’t I?')).toEqual(['I', 'said:', '“well-known”,', 'didn’t', 'I?']);
  expect(texts('Tôi tên là Nguyễn Văn A.')).toEqual(['Tôi', 'tên', 'là', 'Nguyễn', 'Văn', 'A.']);
  expect(texts('สวัสดีครับ ผมทำงาน')).toEqual(['สวัสดี', 'ครับ', 'ผม', 'ทำงาน']);
  expect(texts('我来自“北京”，你呢？')).toEqual(['我', '来自', '“北京”，', '你', '呢？']);
});

test('the joined words are the text without its spaces, and each is at its index', () => {
  for (const text of [
    '  A b,c  — d ',
    'ผมทำงานที่ กรุงเทพฯ มา 5 ปี',
    '私は「東京」で働く。OK!',
    '한국어 문장입니다.',
    '...',
    '',
  ]) {
    const words = wordsIn(text);
    expect(words.map((word) => word.text).join('')).toBe(text.replace(/\s+/g, ''));
    for (const { text: word, at } of words) expect(text.slice(at, at + word.length)).toBe(word);
  }
});

test('a word that was cut is told from two words that follow each other', () => {
  expect(isCutWord(' an inter', 'view answer')).toBe(true);
  expect(isCutWord(' I didn', '’t know')).toBe(true);
  expect(isCutWord(' an', ' interview')).toBe(false);
  expect(isCutWord(' the sea.', 'And then')).toBe(false);
  expect(isCutWord('ผมชอบกรุง', 'เทพมาก')).toBe(true);
  expect(isCutWord('ผมชอบ', 'กรุงเทพ')).toBe(false);
  expect(isCutWord('', 'word')).toBe(false);
});

test('a text has no control characters, no broken ones and no double spaces', () => {
  expect(tidy('  a\u0000b\r\n\tc\uFFFD  d ')).toBe('ab c d');
  expect(clean(' a\u0007 ')).toBe(' a ');
});

test('there is a space between sentences, except in Chinese and Japanese', () => {
  expect(spaceBetween('one.', 'Two')).toBe(' ');
  expect(spaceBetween('ครับ', 'ผม')).toBe(' ');
  expect(spaceBetween('です。', 'はい')).toBe('');
});
