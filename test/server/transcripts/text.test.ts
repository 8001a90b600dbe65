/** Words, widths and names of languages. */
import { expect, test } from 'vitest';
import { languageTag, whisperCode } from '../../../server/transcripts/language.ts';
import { clean, columnsOf, isCutWord, spaceBetween, tidy, wordsIn } from '../../../server/transcripts/text.ts';

const texts = (text: string) => wordsIn(text).map((word) => word.text);

test('words keep their punctuation; where no spaces are written, they are found all the same', () => {
  expect(texts(' I said: “well-known”, didn’t I?')).toEqual(['I', 'said:', '“well-known”,', 'didn’t', 'I?']);
  expect(texts('Tôi tên là Nguyễn Văn A.')).toEqual(['Tôi', 'tên', 'là', 'Nguyễn', 'Văn', 'A.']);
  expect(texts('สวัสดีครับ ผมทำงาน')).toEqual(['สวัสดี', 'ครับ', 'ผม', 'ทำงาน']);
  expect(texts('我来自“北京”，你呢？')).toEqual(['我', '来自', '“北京”，', '你', '呢？']);
});

test('put together, words are the text without its spaces, and each lies where it says', () => {
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

test('a word that was cut is known from two that follow each other', () => {
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

test('the width of a text is what a reader sees', () => {
  expect(columnsOf('Nguyễn'.normalize('NFD'))).toBe(6);
  expect(columnsOf('ที่นี่')).toBe(2);
  expect(columnsOf('東京 OK')).toBe(7);
  expect(columnsOf('한국')).toBe(4);
});

test('between sentences stands a space, but not in Chinese and Japanese', () => {
  expect(spaceBetween('one.', 'Two')).toBe(' ');
  expect(spaceBetween('ครับ', 'ผม')).toBe(' ');
  expect(spaceBetween('です。', 'はい')).toBe('');
});

test('engines’ names of languages are BCP 47, and back', () => {
  expect(['english', 'Vietnamese', 'th', 'haitian creole', 'jw', 'pt-br'].map(languageTag)).toEqual([
    ...['en', 'vi', 'th', 'ht', 'jv', 'pt-BR'],
  ]);
  expect([null, '', 'und', 'klingonese'].map(languageTag)).toEqual([null, null, null, null]);
  expect(['vi', 'pt-BR', 'nb', 'jv', 'tlh', 'zh-Hant-TW'].map(whisperCode)).toEqual([
    'vi',
    'pt',
    'no',
    'jw',
    null,
    'zh',
  ]);
});
