/** A backup beside a server that moves, replaces and removes files between the copy of the catalog and that of the files. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backUp } from '../../../storage/backup/backup.ts';
import { checkData } from '../../../storage/backup/check.ts';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { temporaryFolder } from '../../support/server/server.ts';
import { recording } from '../../support/tus/tus.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let opened: StorageSession;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(async () => {
  await opened.close();
  await root.remove();
});

/**
 * Makes a backup, and does `meanwhile` after the first file, of question 1, was copied.
 * @returns the bytes of question 5's answer in the backup
 */
async function backUpWhile(meanwhile: () => Promise<unknown>): Promise<Buffer> {
  const out = path.join(root.path, 'out');
  let work: Promise<unknown> | null = null;
  const report = await backUp(opened.dataDir, out, (done) => {
    if (done === 1) work ??= meanwhile();
  });
  await work;
  expect(report).toMatchObject({ problems: [] });
  expect(await checkData(out)).toMatchObject({ problems: [] });
  return readFile(path.join(out, 'sessions', opened.session.folder, 'Q5.webm'));
}

test.each([true, false])(
  'an answer that is replaced meanwhile is in the backup (takes are kept: %s)',
  async (keepTakes) => {
    opened = await openStorageSession({ keepTakes });
    const [before, after] = [recording(3_000_000), recording(400)];
    for (let question = 1; question <= 5; question++)
      await opened.storage.finish(await opened.whole(question === 5 ? before : recording(2_000_000), question));
    const later = await opened.whole(after, 5);
    const found = await backUpWhile(() => opened.storage.finish(later));
    expect([before, after].some((bytes) => found.equals(bytes))).toBe(true);
  },
);

test('an upload that is finished, and one that is removed meanwhile, leave no gap', async () => {
  opened = await openStorageSession();
  await opened.storage.finish(await opened.whole(recording(2_000_000), 1));
  const bytes = recording(500_000);
  const finished = await opened.whole(bytes, 2);
  const removed = await opened.create(3);
  await opened.append(removed, recording(100));
  const out = path.join(root.path, 'out');
  let work: Promise<unknown> | null = null;
  const report = await backUp(opened.dataDir, out, (done) => {
    if (done !== 1) return;
    work ??= Promise.all([opened.storage.finish(finished), opened.storage.store.remove(removed)]);
  });
  await work;
  expect(report.problems).toEqual([]);
  expect(await checkData(out)).toMatchObject({ problems: [] });
});
