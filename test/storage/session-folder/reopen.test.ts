/** A finished session that is opened again, and what a crash in the midst of it leaves. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkData } from '../../../storage/backup/check.ts';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { recording } from '../../support/tus/tus.ts';

let opened: StorageSession;
beforeEach(async () => {
  opened = await openStorageSession();
  for (const question of [1, 2, 3, 4, 5]) await opened.storage.finish(await opened.whole(recording(1_000), question));
  await opened.storage.finishSession(opened.session.id);
});
afterEach(() => opened.close());

const bytesOf = (name: string) => readFile(`${opened.folder}/${name}`);
const answered = async () => {
  const session = await opened.storage.sessions.get(opened.session.id);
  if (!session) throw new Error('no session');
  return { open: session.finishedAt === null, answered: await opened.storage.answered(session) };
};

function sql(statement: string): void {
  const catalog = new BetterSqlite3(`${opened.dataDir}/tresgo.db`);
  catalog.exec(statement);
  catalog.close();
}

/** What every reopening of question 3 must come to, and the answer that is given then. */
async function expectReopened(before: Buffer): Promise<void> {
  expect(await answered()).toEqual({ open: true, answered: [1, 2, 4, 5] });
  const meta = await opened.meta();
  expect(meta).toMatchObject({ status: 'started', endTime: null });
  expect(meta.files.map(({ questionIndex }) => questionIndex)).toEqual([1, 2, 4, 5]);
  expect(meta.takes).toMatchObject([{ questionIndex: 3, number: 1, fileName: 'takes/Q3-1.webm' }]);
  expect(await opened.files()).toEqual(['Q1.webm', 'Q2.webm', 'Q4.webm', 'Q5.webm', 'meta.json', 'takes/Q3-1.webm']);
  expect(await bytesOf('takes/Q3-1.webm')).toEqual(before);

  const again = recording(2_000);
  await opened.storage.finish(await opened.whole(again, 3));
  await opened.storage.finishSession(opened.session.id);
  expect(await bytesOf('Q3.webm')).toEqual(again);
  expect(await bytesOf('takes/Q3-1.webm')).toEqual(before);
  expect(await answered()).toEqual({ open: false, answered: [1, 2, 3, 4, 5] });
  expect((await opened.meta()).files).toHaveLength(5);
}

test('the answer moves to takes/ and counts no more; the next one counts', async () => {
  const before = await bytesOf('Q3.webm');
  await opened.storage.reopen(opened.session.id, [3]);
  await expectReopened(before);
});

test('without a question all answers count as before', async () => {
  await opened.storage.reopen(opened.session.id);
  expect(await answered()).toEqual({ open: true, answered: [1, 2, 3, 4, 5] });
  expect(await opened.meta()).toMatchObject({ status: 'started', takes: [] });
});

test('files that were made from the answer go with it, and the others stay', async () => {
  await mkdir(`${opened.folder}/derived`);
  for (const name of ['Q3.webm', 'Q3.vtt', 'Q4.webm']) await writeFile(`${opened.folder}/derived/${name}`, 'x');
  await opened.storage.reopen(opened.session.id, [3]);
  expect((await opened.files()).filter((name) => name.startsWith('derived/'))).toEqual(['derived/Q4.webm']);
  // A job on the earlier answer may publish at the last moment.
  await writeFile(`${opened.folder}/derived/Q3.jpg`, 'x');
  await opened.storage.finish(await opened.whole(recording(2_000), 3));
  expect((await opened.files()).filter((name) => name.startsWith('derived/'))).toEqual(['derived/Q4.webm']);
});

/** The reopening changes the catalog first. */
const BEGUN = `update sessions set reopening = '[3]'`;
const MOVED = `${BEGUN}; update takes set file_name = 'takes/Q3-1.webm' where question = 3`;

test.each([
  ['the reopening has begun, and nothing has changed', async () => sql(BEGUN)],
  ['the catalog has changed, and the file has not', async () => sql(MOVED)],
  [
    'the file has moved, and the session is not open yet',
    async () => {
      sql(MOVED);
      await mkdir(`${opened.folder}/takes`, { recursive: true });
      await rename(`${opened.folder}/Q3.webm`, `${opened.folder}/takes/Q3-1.webm`);
    },
  ],
  [
    'the session is open, and meta.json is of before',
    async () => {
      const meta = await bytesOf('meta.json');
      await opened.storage.reopen(opened.session.id, [3]);
      await writeFile(`${opened.folder}/meta.json`, meta);
    },
  ],
])('a crash after which %s is mended by the next start, and by the same command', async (_, crash) => {
  const before = await bytesOf('Q3.webm');
  await crash();
  await opened.restart();
  expect((await opened.storage.recover()).unfinished).toEqual([]);
  await expectReopened(before);

  const second = await bytesOf('Q2.webm');
  sql(`update sessions set reopening = '[2,4]'; update takes set file_name = 'takes/Q2-1.webm' where question = 2`);
  await opened.storage.reopen(opened.session.id, [2, 5]);
  expect(await answered(), 'the command does also what the crash has cut off').toEqual({
    open: true,
    answered: [1, 3],
  });
  expect(await bytesOf('takes/Q2-1.webm')).toEqual(second);
});

test('an answer in takes/ is no sign of a reopening', async () => {
  // As a repair leaves it that a crash has cut off before an earlier take counts again.
  sql(`update takes set file_name = 'takes/Q3-1.webm' where question = 3`);
  await opened.restart();
  await opened.storage.recover();
  expect((await answered()).open).toBe(false);
});

test('an answer whose file is gone is asked for again', async () => {
  await rm(`${opened.folder}/Q3.webm`);
  await opened.storage.reopen(opened.session.id, [3]);
  expect(await answered()).toEqual({ open: true, answered: [1, 2, 4, 5] });
  await opened.storage.finish(await opened.whole(recording(2_000), 3));
  expect(await answered()).toEqual({ open: true, answered: [1, 2, 3, 4, 5] });
});

test('an upload of before the answer that is finished later does not count in its place', async () => {
  await opened.storage.reopen(opened.session.id, [3]);
  const early = await opened.whole(recording(500), 3);
  const late = await opened.whole(recording(700), 3);
  await opened.storage.finish(late);
  await opened.storage.finishSession(opened.session.id).catch(() => {});
  await opened.storage.reopen(opened.session.id, [3]);
  await opened.storage.finish(early);
  expect(await opened.files()).toContain('takes/Q3-2.webm');
  expect((await answered()).answered).toEqual([1, 2, 4, 5]);
});

/** The reopening of questions 2 and 4, cut off at its first file. */
const CUT_OFF = `update sessions set reopening = '[2,4]'; update takes set file_name = 'takes/Q2-1.webm' where question = 2`;

test('the check misses no answer that a reopening was about to move', async () => {
  sql(CUT_OFF);
  expect(await checkData(opened.dataDir)).toMatchObject({ recordings: 5, problems: [] });
});

test('a repair does the rest of a reopening that was cut off, and finds nothing missing', async () => {
  const before = await bytesOf('Q2.webm');
  sql(CUT_OFF);
  expect(await opened.storage.repairSession(opened.session.id)).toEqual({ steps: [], reopened: true });
  expect(await answered()).toEqual({ open: true, answered: [1, 3, 5] });
  expect(await opened.meta()).toMatchObject({ status: 'started', endTime: null });
  await opened.storage.finish(await opened.whole(recording(2_000), 2));
  expect(await bytesOf('takes/Q2-1.webm')).toEqual(before);
});

test('a repair that opens the session for a damaged answer withdraws also what a reopening was to withdraw', async () => {
  const fourth = await bytesOf('Q4.webm');
  sql(CUT_OFF);
  await mkdir(`${opened.folder}/takes`, { recursive: true });
  await rename(`${opened.folder}/Q2.webm`, `${opened.folder}/takes/Q2-1.webm`);
  await writeFile(`${opened.folder}/Q3.webm`, recording(500));
  expect(await opened.storage.repairSession(opened.session.id)).toMatchObject({
    steps: [{ question: 3, outcome: 'missing', counts: null }],
    reopened: true,
  });
  expect(await answered()).toEqual({ open: true, answered: [1, 5] });
  expect(await bytesOf('takes/Q4-1.webm')).toEqual(fourth);
});
