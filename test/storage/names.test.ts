import { DateTime } from 'luxon';
import { expect, test } from 'vitest';
import {
  answerName,
  containerOfName,
  derivedName,
  earlierName,
  folderName,
  isDerivedFrom,
  isEarlier,
  partialName,
  slugify,
} from '../../storage/names.ts';

test.each([
  ['Nguyễn Văn A', 'nguyen_van_a'],
  ['nguyen van a', 'nguyen_van_a'],
  ['  Nguyễn--Văn…A! ', 'nguyen_van_a'],
  ['Đặng Đình Đức', 'dang_dinh_duc'],
  ['กานต์', 'kant'],
  ['王小明', 'wangxiaoming'],
  ['Ольга', 'olga'],
  ['Łukasz Żółć', 'lukasz_zolc'],
  ['Straße', 'strasse'],
  ['😀', ''],
  ['Ann 👩‍👩‍👧 Lee 🇻🇳 1️⃣', 'ann_lee_1'],
  ['../../etc/passwd', 'etc_passwd'],
  ['..', ''],
  ['\u0000', ''],
  ['a\u0000b', 'a_b'],
  ['C:\\Windows', 'c_windows'],
  ['', ''],
  ['___', ''],
])('the slug of %j is %j', (name, slug) => {
  expect(slugify(name)).toBe(slug);
});

test.each(['محمد علي', 'דוד כהן', 'ก', '王', 'みどり', '김민준', 'Ωμέγα', 'आनंद'])(
  'the slug of %j is plain ASCII and not empty',
  (name) => {
    expect(slugify(name)).toMatch(/^[a-z0-9]+(_[a-z0-9]+)*$/);
  },
);

test('a composed and a decomposed name have one slug', () => {
  const name = 'Nguyễn Văn Đạt';
  expect(name.normalize('NFD')).not.toBe(name.normalize('NFC'));
  expect(slugify(name.normalize('NFD'))).toBe(slugify(name.normalize('NFC')));
});

test('a slug has at most 60 characters and never ends in _', () => {
  expect(slugify('x'.repeat(300))).toBe('x'.repeat(60));
  expect(slugify(`${'x'.repeat(59)} yyy`)).toBe('x'.repeat(59));
  expect(slugify('Đ'.repeat(300))).toBe('d'.repeat(60));
});

test.each([
  ['2025-12-03T06:39:00Z', 'Nguyễn Văn A', '03_12_2025_13_39_nguyen_van_a'],
  // Seven hours before midnight in London is midnight in Bangkok: the day, month and year are Bangkok's.
  ['2025-12-31T16:59:59Z', 'Anna', '31_12_2025_23_59_anna'],
  ['2025-12-31T17:00:00Z', 'Anna', '01_01_2026_00_00_anna'],
  ['2026-02-28T12:30:00-08:00', 'Anna', '01_03_2026_03_30_anna'],
  ['2026-03-01T03:30:00+07:00', '😀', '01_03_2026_03_30_candidate'],
])('at %s the folder of %j is %s', (at, name, folder) => {
  expect(folderName(DateTime.fromISO(at), name)).toBe(folder);
});

test('the files of a session folder are named by question, number and container', () => {
  expect(answerName({ question: 3 }, 'mp4')).toBe('Q3.mp4');
  expect(earlierName({ question: 3, number: 2 }, 'webm')).toBe('takes/Q3-2.webm');
  expect(partialName({ question: 3, number: 2, filetype: 'video/mp4;codecs=avc1' })).toBe('takes/Q3-2.partial.mp4');
  expect(partialName({ question: 3, number: 2, filetype: 'unknown' })).toBe('takes/Q3-2.partial.webm');
  expect(derivedName(3, 'vtt')).toBe('Q3.vtt');
});

test('a name says whether its take counts, its container, and the question that it was made from', () => {
  expect(['Q3.webm', 'takes/Q3-1.webm', 'takes/Q3-2.partial.mp4'].map(isEarlier)).toEqual([false, true, true]);
  expect(['Q3.webm', 'Q3.mp4', 'takes/Q3-2.partial.mp4'].map(containerOfName)).toEqual(['webm', 'mp4', 'mp4']);
  expect(['Q1.webm', 'Q1.vtt', 'Q12.vtt'].map((name) => isDerivedFrom(1, name))).toEqual([true, true, false]);
});
