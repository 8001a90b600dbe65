import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyGently, createScratch, scratchFolder } from '../../storage/scratch.ts';
import { temporaryFolder } from '../support/server.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(() => root.remove());

test.runIf(existsSync('/dev/shm'))('a folder in memory for each job, ours alone, and nothing of it stays', async () => {
  const scratch = createScratch(root.path);
  const folder = await scratch.open('17', 1_000);
  expect(folder).toBe(path.join(scratchFolder(root.path), '17'));
  expect((await stat(folder as string)).mode & 0o777).toBe(0o700);
  await writeFile(path.join(folder as string, 'half'), 'x');
  // Begun again, it is empty; another data folder has others.
  expect(await readdir((await scratch.open('17', 1_000)) as string)).toEqual([]);
  expect(scratchFolder('/elsewhere')).not.toBe(scratchFolder(root.path));
  await scratch.open('18', 1_000);
  await scratch.close('17');
  expect(await readdir(scratchFolder(root.path))).toEqual(['18']);
  await scratch.clear();
  expect(existsSync(scratchFolder(root.path))).toBe(false);
});

test('what is too large for memory is worked on where it lies', async () => {
  expect(await createScratch(root.path).open('1', 10_000_000_000)).toBeNull();
  expect(existsSync(scratchFolder(root.path))).toBe(false);
});

test('a file is copied whole; an abort ends it', async () => {
  const [from, to] = [path.join(root.path, 'from'), path.join(root.path, 'to')];
  await writeFile(from, randomBytes(600_000));
  await copyGently(from, to, new AbortController().signal);
  expect((await readFile(to)).equals(await readFile(from))).toBe(true);
  await expect(copyGently(from, to, AbortSignal.abort(new Error('the server stops')))).rejects.toThrow(
    'the server stops',
  );
});
