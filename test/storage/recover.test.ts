/** The start of a server on a data folder in which somebody has worked by hand. */
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { DateTime } from 'luxon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStorageSession, type StorageSession } from '../support/server/open-session.ts';
import { recording } from '../support/tus/tus.ts';

let opened: StorageSession;
let now: DateTime;
beforeEach(async () => {
  now = DateTime.fromISO('2025-12-03T06:39:00Z');
  opened = await openStorageSession({ now: () => now });
});
afterEach(() => opened.close());

test('what lies among the uploads and is no file of ours is left alone, told, and does not end the start', async () => {
  const { dataDir, storage } = opened;
  const id = await opened.create();
  await opened.append(id, recording(100));
  const refused = await opened.create();
  await storage.store.refuse(refused);
  await writeFile(`${dataDir}/uploads/${refused}`, 'left by a crash');
  await writeFile(`${dataDir}/uploads/empty`, '');
  await writeFile(`${dataDir}/uploads/unknown`, 'bytes');
  await symlink('/nonexistent/target', `${dataDir}/uploads/dangling`);
  await symlink(dataDir, `${dataDir}/uploads/link`);
  await mkdir(`${dataDir}/uploads/folder`);
  const strange: string[] = [];
  expect(await storage.recover((names) => strange.push(...names))).toEqual({ unfinished: [], damaged: [] });
  expect(strange.sort()).toEqual(['dangling', 'folder', 'link']);
  expect((await opened.uploads()).sort()).toEqual([id, 'dangling', 'folder', 'link', 'unknown'].sort());
});

test('of empty folders without a session only those of interrupted starts are removed', async () => {
  const { dataDir, storage, session } = opened;
  const theirs = ['lost+found', 'archive', '2025', '.snapshots', '03_12_2025 copy'];
  const ours = ['03_12_2025_13_39_nguyen_van_a', '03_12_2025_13_39_candidate_2'];
  for (const name of [...theirs, ...ours]) await mkdir(`${dataDir}/sessions/${name}`);
  await storage.recover();
  expect((await readdir(`${dataDir}/sessions`)).sort()).toEqual([...theirs, session.folder].sort());
});

test('meta.json is written again for a session that is unfinished, or was finished within a day', async () => {
  const { storage, session, folder } = opened;
  const isMadeAgain = async (after: { hours: number }) => {
    await rm(`${folder}/meta.json`, { force: true });
    now = now.plus(after);
    await storage.recover();
    return (await readdir(folder)).includes('meta.json');
  };
  expect(await isMadeAgain({ hours: 100 })).toBe(true);
  await storage.finishSession(session.id);
  expect(await isMadeAgain({ hours: 23 })).toBe(true);
  expect(await isMadeAgain({ hours: 2 })).toBe(false);
});
