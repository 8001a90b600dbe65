/** The repair of a session whose files are being moved, can’t be read, or belong to a server that works on. */
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { checkData } from '../../../storage/backup/check.ts';
import { openStorage } from '../../../storage/index.ts';
import { partialName } from '../../../storage/names.ts';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { recording } from '../../support/tus/tus.ts';

let opened: StorageSession;
beforeEach(async () => {
  opened = await openStorageSession();
});
afterEach(() => opened.close());

const repair = () => opened.storage.repairSession(opened.session.id);

test('an answer that a crash has left in its place, unrecorded, is whole', async () => {
  const bytes = recording(2_000);
  const id = await opened.whole(bytes);
  await opened.storage.finish(id);
  await opened.storage.takes.update(id, { state: 'received' });
  expect(await checkData(opened.dataDir)).toMatchObject({ recordings: 1, problems: [] });
  expect(await repair()).toEqual({ steps: [], reopened: false });
  await opened.restart();
  await opened.storage.recover();
  expect(await opened.get(id)).toMatchObject({ state: 'recorded', fileName: 'Q1.webm' });
  expect(await readFile(`${opened.folder}/Q1.webm`)).toEqual(bytes);
});

test('an earlier answer that a crash has left on its way to takes/ stays', async () => {
  const [first, second] = [await opened.whole(recording(2_000)), await opened.whole(recording(3_000))];
  await opened.storage.finish(first);
  await opened.storage.takes.update(second, { fileName: 'Q1.webm', state: 'received' });
  await mkdir(`${opened.folder}/takes`);
  await rename(`${opened.folder}/Q1.webm`, `${opened.folder}/takes/Q1-1.webm`);
  expect(await repair()).toEqual({ steps: [], reopened: false });
  await opened.storage.finish(second);
  expect(await opened.files()).toEqual(['Q1.webm', 'meta.json', 'takes/Q1-1.webm']);
});

test('an upload that a crash has left on its way to takes/, or back, keeps its offset', async () => {
  const id = await opened.create();
  await opened.append(id, recording(500));
  await opened.storage.takes.update(id, { fileName: partialName(await opened.get(id)) });
  expect(await repair()).toEqual({ steps: [], reopened: false });
  await opened.storage.restore(id);
  await opened.append(id, Buffer.alloc(20));
  expect(await opened.get(id)).toMatchObject({ offset: 520, fileName: null });
});

test('an upload that was given up and whose file is gone goes on from its beginning', async () => {
  const [id, bytes] = [await opened.create(), recording(500)];
  await opened.append(id, bytes);
  const fileName = partialName(await opened.get(id));
  await mkdir(`${opened.folder}/takes`);
  await rename(opened.storage.store.pathOf(id), `${opened.folder}/${fileName}`);
  await opened.storage.takes.update(id, { fileName });
  opened.storage.store.forget(id);
  await rm(`${opened.folder}/${fileName}`);
  expect(await repair()).toMatchObject({ steps: [{ outcome: 'continues', offset: 0 }] });
  await opened.storage.restore(id);
  await opened.append(id, bytes);
  await opened.storage.store.declareUploadLength(id, bytes.length);
  expect(await opened.storage.finish(id)).toMatchObject({ state: 'recorded', fileName: 'Q1.webm' });
});

test('a file that can’t be read is none that lost bytes: nothing changes', async () => {
  const [answer, upload] = [await opened.whole(recording(2_000)), await opened.create(2)];
  await opened.storage.finish(answer);
  await opened.append(upload, recording(500));
  await rm(`${opened.folder}/Q1.webm`);
  const file = opened.storage.store.pathOf(upload);
  await rename(file, `${file}.kept`);
  // A loop of links: it can't be asked, whoever asks.
  await symlink(file, file);
  await expect(repair()).rejects.toThrow(/can't be read \(ELOOP\), so nothing was repaired/);
  expect(await opened.get(answer)).toMatchObject({ state: 'recorded' });
  expect(await opened.get(upload)).toMatchObject({ offset: 500 });
});

test('an answer that the server places meanwhile is not replaced by the earlier take', async () => {
  for (const size of [2_000, 3_000]) await opened.storage.finish(await opened.whole(recording(size)));
  await writeFile(`${opened.folder}/Q1.webm`, recording(3_000));
  const [{ list }, placed] = [opened.storage.takes, recording(4_000)];
  vi.spyOn(opened.storage.takes, 'list').mockImplementation(async (id) => {
    const all = await list(id);
    if (!(await opened.files()).includes('Q1.webm')) await writeFile(`${opened.folder}/Q1.webm`, placed);
    return all;
  });
  await repair();
  expect(await readFile(`${opened.folder}/Q1.webm`)).toEqual(placed);
  expect(await opened.files()).toContain('takes/Q1-1.webm');
});

/** The server, as another process, finishes the session while the repair lists its takes for the nth time. */
function finishAtList(nth: number): void {
  const { takes } = opened.storage;
  const { list } = takes;
  let lists = 0;
  vi.spyOn(takes, 'list').mockImplementation(async (id) => {
    const all = await list(id);
    if (++lists !== nth) return all;
    const server = await openStorage({ dataDir: opened.dataDir });
    await server.finishSession(opened.session.id);
    await server.close();
    return all;
  });
}

test.each([
  ['before the files are read', 1],
  ['after the files were read', 2],
])('meta.json stays that of a finished session which the server finishes %s', async (_, nth) => {
  await opened.storage.finish(await opened.whole(recording(2_000)));
  finishAtList(nth);
  expect(await repair()).toEqual({ steps: [], reopened: false });
  const session = await opened.storage.sessions.get(opened.session.id);
  expect(session?.finishedAt).not.toBeNull();
  expect(await opened.meta()).toMatchObject({ status: 'finished', endTime: expect.any(String) });
});

test.each([
  ['read', 1, true],
  // The repair had no chance to see it.
  ['repaired', 2, false],
])('a session that the server finishes while its damaged answer is %s is open again', async (_, nth, reopened) => {
  await opened.storage.finish(await opened.whole(recording(2_000)));
  await writeFile(`${opened.folder}/Q1.webm`, recording(500));
  finishAtList(nth);
  expect(await repair()).toMatchObject({ steps: [{ question: 1, outcome: 'missing' }], reopened });
  expect(await opened.storage.sessions.get(opened.session.id)).toMatchObject({ finishedAt: null });
  expect(await opened.meta()).toMatchObject({ status: 'started', endTime: null });
  expect(await opened.files()).toEqual(['meta.json', 'takes/Q1-1.damaged.webm']);
});
