/** All languages have the same words: none may lack a word, or have one that was not translated. */
import { describe, expect, test } from 'vitest';
import { en } from '../../../client/i18n/en.ts';
import { languages, pickMessages, problemText } from '../../../client/i18n/index.ts';
import { th } from '../../../client/i18n/th.ts';
import { vi } from '../../../client/i18n/vi.ts';

type Entry = { path: string; value: unknown };

function entries(value: unknown, path = ''): Entry[] {
  if (typeof value !== 'object' || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => entries(inner, path === '' ? key : `${path}.${key}`));
}

/** The text of an entry; a function is called with figures that can be seen in the text. */
function said({ path, value }: Entry): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'function') throw new Error(`${path} is ${typeof value}`);
  if (path === 'otherProblem') return value('◆', 'Said by the server.');
  if (path.startsWith('problems.')) return value({ retryAfterSeconds: 42, missing: [3, 4] });
  return value(...(['greeting', 'chosen'].some((name) => path.endsWith(name)) ? ['◆', 2, '◆'] : [7, 9, 8]));
}

const shape = (messages: unknown) =>
  entries(messages).map(
    ({ path, value }) => `${path}: ${typeof value === 'function' ? `f${value.length}` : typeof value}`,
  );

/** Names and units are the same in every language. */
const names =
  /TresGo|JavaScript|cookie|HTTPS?|https:\/\/|Chrome|Edge|Firefox|Safari|iPhone|iPad|Zalo|Facebook|Messenger|LINE|SHA-256|QR|video|Camera|menu/g;
/** Vietnamese syllables that happen to be spelled like English words. */
const alike = new Set([
  'tin',
  'ban',
  'do',
  'so',
  'on',
  'to',
  'in',
  'an',
  'a',
  'i',
  'me',
  'he',
  'no',
  'am',
  'at',
  'hay',
  'them',
  'the',
  'trang',
  'can',
  'sang',
  'tan',
  'gian',
  'link',
]);

test('every language is in the switch, and loads its own words', async () => {
  const loaded = await Promise.all(languages.map(({ load }) => load()));
  expect(loaded).toEqual([en, vi, th]);
  expect(languages.map(({ lang }) => lang)).toEqual(loaded.map(({ lang }) => lang));
});

describe.each([vi, th])('$lang', (messages) => {
  test('has exactly the words of English, with equal parameters', () => {
    expect(shape(messages)).toEqual(shape(en));
  });

  test('leaves nothing empty, undefined or untranslated', () => {
    const english = new Map(entries(en).map((entry) => [entry.path, said(entry)]));
    const bare = new Set(['lang', 'steps', 'check.quality.chosen', 'question.limit']);
    for (const entry of entries(messages)) {
      const text = said(entry);
      expect(text.trim(), entry.path).not.toBe('');
      expect(text, entry.path).not.toMatch(/undefined|NaN|\[object|null/);
      if (!bare.has(entry.path)) expect(text, entry.path).not.toBe(english.get(entry.path));
    }
  });

  test('holds no English words', () => {
    const englishWords = new Set(
      entries(en)
        .map(said)
        .join(' ')
        .replace(names, ' ')
        .toLowerCase()
        .match(/[a-z]{2,}/g),
    );
    for (const entry of entries(messages)) {
      if (entry.path === 'lang') continue;
      const found =
        said(entry)
          .replace(names, ' ')
          .normalize('NFC')
          .toLowerCase()
          .match(/[\p{L}\p{M}]+/gu) ?? [];
      const foreign = found.filter((word) => englishWords.has(word) && !alike.has(word));
      expect(foreign, `${entry.path}: ${said(entry)}`).toEqual([]);
    }
  });

  test('uses its own letters', () => {
    const own = { vi: /[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]/i, th: /[ก-๛]/ }[
      messages.lang
    ] as RegExp;
    const neutral = new Set(['lang', 'check.quality.chosen', 'question.limit']);
    for (const entry of entries(messages)) {
      if (!neutral.has(entry.path)) expect(said(entry), entry.path).toMatch(own);
    }
  });
});

test('the names that the contract fixes', () => {
  const { login, states, check, question, gate, recovered, finished } = en;
  expect([login.token, login.fullName, login.logIn]).toEqual(['Token', 'Full name', 'Log in']);
  expect([check.camera, check.microphone, check.start]).toEqual(['Camera', 'Microphone', 'Start interview']);
  expect(question.heading(1, 5)).toBe('Question 1 of 5');
  expect([question.next, question.finish, gate.retry]).toEqual(['Next question', 'Finish interview', 'Retry']);
  expect([recovered.keep, recovered.again]).toEqual(['Keep this answer', 'Answer again']);
  expect(finished.heading).toBe('Interview finished');
  expect([
    states.requesting,
    states.recording,
    states.uploading,
    states.success,
    states.retrying(4),
    states.failed,
  ]).toEqual([
    'Requesting permissions',
    'Recording',
    'Uploading',
    'Upload Success',
    'Retrying in 4 s',
    'Upload Failed',
  ]);
});

test('durations and counts in words', () => {
  expect([1, 2, 119, 120, 181].map(en.duration)).toEqual([
    '1 second',
    '2 seconds',
    '119 seconds',
    '2 minutes',
    '3 minutes 1 second',
  ]);
  expect(en.recovered.againLeft(1)).toBe('Answer again (1 take left)');
  expect(en.recovered.againLeft(2)).toBe('Answer again (2 takes left)');
});

test('the language is that of the address, else of the browser, else English', async () => {
  const html = { lang: '' };
  expect((await pickMessages('?lang=th', ['vi-VN'], { html })).lang).toBe('th');
  expect(html.lang).toBe('th');
  expect((await pickMessages('', ['fr', 'vi-VN', 'th'], { html })).lang).toBe('vi');
  expect((await pickMessages('?lang=xx', ['fr'], { html })).lang).toBe('en');
});

test('a problem with a known code gets our own sentence, another one the server’s', () => {
  const problem = { code: 'too-many-attempts', detail: 'x', retryAfterSeconds: 1, body: null };
  expect(problemText(en, problem)).toBe('Too many attempts. Please try again in 1 second.');
  expect(problemText(en, { ...problem, retryAfterSeconds: null })).toContain('a minute');
  expect(problemText(en, { ...problem, code: 'answers-missing', body: { missing: [2, 3] } })).toContain(
    'question 2, 3',
  );
  expect(problemText(en, { ...problem, code: 'brand-new', detail: 'Said by the server.' })).toBe('Said by the server.');
  expect(problemText(en, { ...problem, code: 'toString', detail: 'Said by the server.' })).toBe('Said by the server.');
});

test('in another language, a problem with an unknown code gets no English sentence but its code', () => {
  const problem = { code: 'brand-new', detail: 'Said by the server.', retryAfterSeconds: null, body: null };
  for (const messages of [vi, th]) {
    const words = problemText(messages, problem);
    expect(words).toContain('(brand-new)');
    expect(words).not.toContain('Said');
  }
});

test('Thai has spaces between figures and words', () => {
  expect(th.recovered.text(12)).toContain('ไว้ได้ยาว 12 วินาที ก่อนที่');
  expect(th.recovered.interrupted(12)).toContain('ไว้ได้ยาว 12 วินาที ก่อนที่');
});

test('no line breaks inside a Thai compound that browsers take for two words', () => {
  const split = [
    'คำตอบ',
    'คำเชิญ',
    'อีกครั้ง',
    'เชื่อมต่อ',
    'สู่ระบบ',
    'เครือข่าย',
    'ตรวจสอบ',
    'ตั้งค่า',
    'หน้าจอ',
    'ทุกอย่าง',
    'ได้รับ',
    'ปลายทาง',
  ];
  const thai = entries(th).map(said);
  expect(thai.join().split('คำ\u2060ตอบ').length).toBeGreaterThan(40);
  expect(thai.filter((text) => split.some((compound) => text.includes(compound)))).toEqual([]);
});
