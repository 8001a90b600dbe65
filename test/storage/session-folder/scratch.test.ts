/** The folder in memory stands for /dev/shm: a folder that every user can write to. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyGently, createScratch, scratchPrefix } from '../../../storage/session-folder/scratch.ts';
import { temporaryFolder } from '../../support/server/server.ts';

const asRoot = test.runIf(process.getuid?.() === 0);
const STRANGER = 1_234;

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let memory: string;
let dataDir: string;
beforeEach(async () => {
  root = await temporaryFolder();
  [memory, dataDir] = [path.join(root.path, 'memory'), path.join(root.path, 'data')];
  await mkdir(memory);
  await chmod(memory, 0o1777);
  await mkdir(dataDir);
});
afterEach(() => root.remove());

const scratchHere = () => createScratch(dataDir, memory);
const given = (wanted: string | null): string => {
  if (wanted === null) throw new Error('there is no folder in memory');
  return wanted;
};

test('each job has a folder in memory with mode 0700 inside one of a random name, and none of them stays', async () => {
  const scratch = scratchHere();
  const folder = given(await scratch.open('17', 1_000));
  expect(path.dirname(folder).startsWith(scratchPrefix(dataDir, memory))).toBe(true);
  for (const each of [folder, path.dirname(folder)]) expect((await stat(each)).mode & 0o777).toBe(0o700);
  await writeFile(path.join(folder, 'half'), 'x');
  // Opened again, the folder is empty; another process has another folder.
  expect(await readdir(given(await scratch.open('17', 1_000)))).toEqual([]);
  const other = scratchHere();
  expect(path.dirname(given(await other.open('17', 1_000)))).not.toBe(path.dirname(folder));
  expect(await scratch.open('18', 1_000)).toBe(path.join(path.dirname(folder), '18'));
  await other.close('17');
  await scratch.close('17');
  expect((await readdir(path.dirname(folder))).sort()).toEqual(['18', 'owner']);
  await scratch.close('18');
  expect(await readdir(memory)).toEqual([]);
  expect(given(await scratch.open('19', 1_000))).not.toContain(path.dirname(folder));
});

test('jobs that end at the same time leave nothing', async () => {
  const scratch = scratchHere();
  const jobs = ['1', '2', '3'];
  for (const job of jobs) await writeFile(path.join(given(await scratch.open(job, 1_000)), 'half'), 'x');
  await Promise.all(jobs.map((job) => scratch.close(job)));
  expect(await readdir(memory)).toEqual([]);
});

test('a folder that was put in the place of ours is not used', async () => {
  const scratch = scratchHere();
  const ours = path.dirname(given(await scratch.open('1', 1_000)));
  await rename(ours, path.join(root.path, 'away'));
  await mkdir(ours);
  expect(path.dirname(given(await scratch.open('2', 1_000)))).not.toBe(ours);
  expect(await readdir(ours)).toEqual([]);
  const again = path.dirname(given(await scratch.open('3', 1_000)));
  await rename(again, path.join(root.path, 'away-2'));
  await mkdir(path.join(root.path, 'canary'), { mode: 0o700 });
  await symlink(path.join(root.path, 'canary'), again);
  expect(path.dirname(given(await scratch.open('4', 1_000)))).not.toBe(again);
  expect(await readdir(path.join(root.path, 'canary'))).toEqual([]);
});

test('where others can move our folder, or memory is no folder, the work is on the disk', async () => {
  await chmod(memory, 0o777);
  expect(await scratchHere().open('1', 1_000)).toBeNull();
  await symlink(memory, path.join(root.path, 'link'));
  expect(await createScratch(dataDir, path.join(root.path, 'link')).open('1', 1_000)).toBeNull();
  expect(await createScratch(dataDir, path.join(root.path, 'nowhere')).open('1', 1_000)).toBeNull();
  await createScratch(dataDir, path.join(root.path, 'nowhere')).clear();
  expect(await readdir(memory)).toEqual([]);
});

test('a recording that is too large for memory gets no folder there', async () => {
  expect(await scratchHere().open('1', 10_000_000_000)).toBeNull();
  expect(await readdir(memory)).toEqual([]);
});

test('what a dead process left is removed: of this data folder, and of one that is gone; a living one’s stays', async () => {
  const left = path.dirname(given(await scratchHere().open('1', 1_000)));
  const [gone, living] = [path.join(root.path, 'gone'), path.join(root.path, 'living')];
  for (const each of [gone, living]) await mkdir(each);
  const ofGone = path.dirname(given(await createScratch(gone, memory).open('1', 1_000)));
  const ofLiving = path.dirname(given(await createScratch(living, memory).open('1', 1_000)));
  // A process that has just ended, in the place of the one that made the folder.
  const ended = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).trim();
  const [namespace, , started] = (await readFile(path.join(ofGone, 'owner'), 'utf8')).split(' ');
  await writeFile(path.join(ofGone, 'owner'), `${namespace} ${ended} ${started}`);
  const scratch = scratchHere();
  const mine = path.dirname(given(await scratch.open('2', 1_000)));
  await scratch.clear();
  expect((await readdir(memory)).sort()).toEqual([mine, ofLiving].map((each) => path.basename(each)).sort());
  expect([left, ofGone].filter((each) => each === mine)).toEqual([]);
  // Of a process of another container nobody knows whether it lives.
  await writeFile(path.join(ofLiving, 'owner'), `pid:[1] ${ended} ${started}`);
  await scratch.clear();
  expect(await readdir(ofLiving)).toContain('1');
});

asRoot('what another user put there is neither used nor removed, and stops nothing', async () => {
  const prefix = scratchPrefix(dataDir, memory);
  await mkdir(`${prefix}theirs`, { mode: 0o700 });
  await writeFile(`${prefix}theirs/x`, '');
  chownSync(`${prefix}theirs`, STRANGER, STRANGER);
  await mkdir(path.join(root.path, 'canary'), { mode: 0o700 });
  await writeFile(path.join(root.path, 'canary/kept'), '');
  await symlink(path.join(root.path, 'canary'), `${prefix}link`);
  const scratch = scratchHere();
  await scratch.clear();
  const folder = given(await scratch.open('1', 1_000));
  await scratch.close('1');
  expect(folder).not.toMatch(/theirs|link/);
  expect((await readdir(memory)).sort()).toEqual([path.basename(`${prefix}link`), path.basename(`${prefix}theirs`)]);
  expect(await readdir(path.join(root.path, 'canary'))).toEqual(['kept']);
});

test('a file is copied whole; an abort ends the copy', async () => {
  const [from, to] = [path.join(root.path, 'from'), path.join(root.path, 'to')];
  await writeFile(from, randomBytes(600_000));
  await copyGently(from, to, new AbortController().signal);
  expect((await readFile(to)).equals(await readFile(from))).toBe(true);
  await expect(copyGently(from, to, AbortSignal.abort(new Error('the server stops')))).rejects.toThrow(
    'the server stops',
  );
});
