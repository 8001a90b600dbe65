import { readdir } from 'node:fs/promises';
import { DateTime } from 'luxon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createExclusiveFolder, folderName, joinInside, namesMatch, slugify } from '../../storage/session-folder.ts';
import { temporaryFolder } from '../support/server.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(() => root.remove());

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

test('names match when their slugs do; where there is none, when they are equal in NFC', () => {
  expect(namesMatch('Nguyễn Văn A', 'nguyen van a')).toBe(true);
  expect(namesMatch('Nguyễn Văn A', 'Nguyễn Văn B')).toBe(false);
  expect(namesMatch('😀', '😀')).toBe(true);
  expect(namesMatch('😀', ' 😀 ')).toBe(true);
  expect(namesMatch('😀', '😎')).toBe(false);
  expect(namesMatch('😀', '')).toBe(false);
  expect(namesMatch('😀', 'Anna')).toBe(false);
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

test('a taken name gets _2, _3, also when many ask at once', async () => {
  const names = await Promise.all(Array.from({ length: 5 }, () => createExclusiveFolder(root.path, 'one')));
  expect(new Set(names)).toEqual(new Set(['one', 'one_2', 'one_3', 'one_4', 'one_5']));
  expect((await readdir(root.path)).sort()).toEqual(['one', 'one_2', 'one_3', 'one_4', 'one_5']);
});

test('an error other than a taken name is thrown, not tried again', async () => {
  await expect(createExclusiveFolder(`${root.path}/missing`, 'one')).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each(['..', '.', '', '.hidden', 'a/b', '/etc', 'a\\b', 'a\u0000b', '../x', 'ä', 'a b', 'x'.repeat(201)])(
  'the safe join refuses %j',
  (part) => {
    expect(() => joinInside(root.path, part)).toThrow('is no plain file name');
    expect(() => joinInside(root.path, 'takes', part)).toThrow('is no plain file name');
  },
);

test('the safe join joins plain names', () => {
  expect(joinInside('/data', 'takes', 'Q3-1.webm')).toBe('/data/takes/Q3-1.webm');
});
