import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createExclusiveFolder, joinInside } from '../../storage/files.ts';
import { temporaryFolder } from '../support/server/server.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(() => root.remove());

test('a taken name gets _2, _3, …, also when five folders are made at once', async () => {
  const names = await Promise.all(Array.from({ length: 5 }, () => createExclusiveFolder(root.path, 'one')));
  expect(new Set(names)).toEqual(new Set(['one', 'one_2', 'one_3', 'one_4', 'one_5']));
  expect((await readdir(root.path)).sort()).toEqual(['one', 'one_2', 'one_3', 'one_4', 'one_5']);
});

test('an error other than a taken name is thrown, and not retried', async () => {
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
