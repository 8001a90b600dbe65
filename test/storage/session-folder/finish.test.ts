import { createHash } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { DateTime } from 'luxon';
import { afterEach, expect, test } from 'vitest';
import { sampleVideo } from '../../support/media/media.ts';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { recording } from '../../support/tus/tus.ts';

let opened: StorageSession;
afterEach(() => opened.close());

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const inFolder = (name: string) => readFile(`${opened.folder}/${name}`);

/** Bytes that begin as an MP4 file does. */
function mp4(size: number): Buffer {
  const bytes = recording(size);
  bytes.write('\u0000\u0000\u0000\u0020ftypisom', 'latin1');
  return bytes;
}

test('a whole take is stored under its name and listed in meta.json, and its upload’s file is gone', async () => {
  opened = await openStorageSession();
  const bytes = await readFile(await sampleVideo({ seconds: 1, format: 'webm' }));
  const id = await opened.whole(bytes);
  expect(await opened.storage.finish(id)).toMatchObject({
    state: 'recorded',
    fileName: 'Q1.webm',
    sha256: sha256(bytes),
  });
  expect((await inFolder('Q1.webm')).equals(bytes)).toBe(true);
  expect(await opened.files()).toEqual(['Q1.webm', 'meta.json']);
  expect(await opened.uploads()).toEqual([]);
  // A second finish changes nothing.
  expect(await opened.storage.finish(id)).toMatchObject({ state: 'recorded', fileName: 'Q1.webm' });
  expect(await opened.files()).toEqual(['Q1.webm', 'meta.json']);
});

test('the first bytes decide the extension, whatever the label says', async () => {
  opened = await openStorageSession();
  const bytes = await readFile(await sampleVideo({ seconds: 1, format: 'mp4' }));
  await opened.storage.finish(await opened.whole(bytes, 2));
  expect(await opened.files()).toEqual(['Q2.mp4', 'meta.json']);
});

test.each(['hello, this is text', '', '\u001a\u0045\u00df', 'ftypisom'])(
  'a whole take of %j is no recording: it is refused, and nothing is placed',
  async (text) => {
    opened = await openStorageSession();
    const id = await opened.whole(Buffer.from(text, 'latin1'));
    expect(await opened.storage.finish(id)).toMatchObject({ state: 'refused' });
    expect(await opened.files()).toEqual(['meta.json']);
    expect((await opened.meta()).files).toEqual([]);
  },
);

test('a take that is not whole is left alone', async () => {
  opened = await openStorageSession();
  const id = await opened.create();
  await opened.append(id, recording(100));
  expect(await opened.storage.finish(id)).toMatchObject({ state: 'receiving' });
  expect(await opened.storage.finish('no-such-take')).toBeNull();
  expect(await opened.files()).toEqual(['meta.json']);
});

test('a later take counts, the earlier one goes to takes/', async () => {
  opened = await openStorageSession();
  const [one, two, three] = [recording(100), recording(200), recording(300)];
  for (const bytes of [one, two, three]) await opened.storage.finish(await opened.whole(bytes));
  expect(await opened.files()).toEqual(['Q1.webm', 'meta.json', 'takes/Q1-1.webm', 'takes/Q1-2.webm']);
  expect((await inFolder('Q1.webm')).equals(three)).toBe(true);
  expect((await inFolder('takes/Q1-1.webm')).equals(one)).toBe(true);
  const meta = await opened.meta();
  expect(meta.files).toMatchObject([{ questionIndex: 1, fileName: 'Q1.webm', sha256: sha256(three) }]);
  expect(meta.takes).toMatchObject([
    { questionIndex: 1, number: 1, fileName: 'takes/Q1-1.webm', sha256: sha256(one) },
    { questionIndex: 1, number: 2, fileName: 'takes/Q1-2.webm', sha256: sha256(two) },
  ]);
});

/**
 * Asks in the middle of other work on the session: with its lock held, until the asking waits for the lock, or has ended.
 * @param rest what the holder does before it gives the lock back
 */
async function askAmid<T>(ask: () => Promise<T>, rest: () => Promise<unknown>): Promise<PromiseSettledResult<T>> {
  let onRequested = () => {};
  const requested = new Promise<void>((resolve) => {
    onRequested = resolve;
  });
  const release = await opened.storage.locks.acquire(`session:${opened.session.id}`, { onRequested });
  const asked = Promise.allSettled([ask()]);
  await Promise.race([requested, asked]);
  await rest();
  release?.();
  return (await asked)[0];
}

test('an answer whose file is being moved, since a later take is placed, is not told to be gone', async () => {
  opened = await openStorageSession();
  const { storage, session, folder } = opened;
  const id = await opened.whole(recording(100));
  await storage.finish(id);
  const take = await opened.get(id);
  for (const ask of [
    () => storage.requireThere(take),
    () => storage.finish(id).then(() => {}),
    async () => expect(await storage.answered(session)).toEqual([1]),
  ]) {
    // The middle of a placing: the file has moved, and the catalog does not say so yet.
    await rename(`${folder}/Q1.webm`, `${folder}/moved`);
    const asked = await askAmid(ask, () => rename(`${folder}/moved`, `${folder}/Q1.webm`));
    expect(asked).toMatchObject({ status: 'fulfilled' });
  }
  await rm(`${folder}/Q1.webm`);
  await expect(storage.requireThere(take)).rejects.toMatchObject({ code: 'upload-damaged' });
});

test('between an earlier take that counts no more and a later one that does not count yet, the question has its answer', async () => {
  opened = await openStorageSession();
  const { storage, session } = opened;
  const [first, second] = [await opened.whole(recording(100)), await opened.whole(recording(200))];
  for (const id of [first, second]) await storage.finish(id);
  const take = await opened.get(second);
  const place = () => storage.takes.update(second, { state: 'recorded' });
  for (const [ask, told] of [
    [() => storage.answered(session), [1]],
    [() => storage.answerTo(1, take), { id: second, fileName: 'Q1.webm' }],
  ] as const) {
    await storage.takes.update(second, { state: 'received' });
    expect(await askAmid<unknown>(ask, place)).toMatchObject({ value: told });
  }
});

test('an earlier answer that is just removed, since only the last one is kept, is no alarm', async () => {
  opened = await openStorageSession({ keepTakes: false });
  const { storage, folder } = opened;
  const id = await opened.whole(recording(100));
  await storage.finish(id);
  await rm(`${folder}/Q1.webm`);
  const found = await askAmid(storage.findMissing, () => storage.takes.update(id, { fileName: null }));
  expect([found, storage.lacksRecordings()]).toMatchObject([{ value: [] }, false]);
});

test('an upload that was given up, and that another request is just removing, is no failure of the sweep', async () => {
  let now = DateTime.fromISO('2025-12-03T06:39:00Z');
  opened = await openStorageSession({ now: () => now });
  const { storage } = opened;
  const id = await opened.create();
  await opened.append(id, recording(100));
  now = now.plus({ days: 8 });
  const swept = await askAmid(storage.sweepAbandoned, () => storage.store.discard(id));
  expect(swept).toMatchObject({ value: { swept: [], failed: [] } });
});

test('bytes that were swept and that a finish places meanwhile are not taken out of the folder again', async () => {
  let now = DateTime.fromISO('2025-12-03T06:39:00Z');
  opened = await openStorageSession({ now: () => now });
  const { storage, folder } = opened;
  const id = await opened.create();
  await opened.append(id, recording(100));
  now = now.plus({ days: 8 });
  await storage.sweepAbandoned();
  const { fileName } = await opened.get(id);
  const asked = await askAmid(
    () => storage.restore(id),
    async () => {
      await rename(`${folder}/${fileName}`, `${folder}/Q1.webm`);
      await storage.takes.update(id, { state: 'recorded', fileName: 'Q1.webm' });
    },
  );
  expect(asked).toMatchObject({ status: 'fulfilled' });
  expect(await opened.files()).toEqual(['Q1.webm', 'meta.json']);
  expect(await opened.get(id)).toMatchObject({ state: 'recorded', fileName: 'Q1.webm' });
});

test('a session that is finished twice at once is finished by one of both', async () => {
  opened = await openStorageSession();
  const { finishSession } = opened.storage;
  const both = await Promise.all([finishSession(opened.session.id), finishSession(opened.session.id)]);
  expect(both.map(({ repeated }) => repeated)).toEqual([false, true]);
});

test('a take whose entry a repair removes while its file is looked for is no answer of its sender any more', async () => {
  opened = await openStorageSession();
  const { storage, folder } = opened;
  const id = await opened.whole(recording(100));
  await storage.finish(id);
  const take = await opened.get(id);
  await rm(`${folder}/Q1.webm`);
  const asked = await askAmid(
    () => storage.requireThere(take),
    () => storage.takes.delete(id),
  );
  expect(asked).toMatchObject({ status: 'rejected', reason: { code: 'no-upload' } });
});

test('an earlier take that becomes whole after a later one goes to takes/ itself; the later one still counts', async () => {
  opened = await openStorageSession();
  const [early, late] = [recording(100), recording(200)];
  const first = await opened.create();
  await opened.storage.finish(await opened.whole(late));
  await opened.append(first, early);
  await opened.storage.store.declareUploadLength(first, early.length);
  expect(await opened.storage.finish(first)).toMatchObject({ state: 'recorded', fileName: 'takes/Q1-1.webm' });
  expect((await inFolder('Q1.webm')).equals(late)).toBe(true);
  expect((await opened.meta()).files).toMatchObject([{ fileName: 'Q1.webm', sha256: sha256(late) }]);
});

test('without keepTakes only the take that counts stays', async () => {
  opened = await openStorageSession({ keepTakes: false });
  const late = await opened.create();
  await opened.storage.finish(await opened.whole(recording(100)));
  const last = mp4(300);
  await opened.storage.finish(await opened.whole(last));
  await opened.append(late, recording(50));
  await opened.storage.store.declareUploadLength(late, 50);
  expect(await opened.storage.finish(late)).toMatchObject({ state: 'recorded', fileName: null });
  expect(await opened.files()).toEqual(['Q1.mp4', 'meta.json']);
  expect((await inFolder('Q1.mp4')).equals(last)).toBe(true);
  expect(await opened.meta()).toMatchObject({ files: [{ fileName: 'Q1.mp4' }], takes: [] });
  expect(await opened.uploads()).toEqual([]);
});

test('takes of one session that finish at the same time are all listed in meta.json', async () => {
  opened = await openStorageSession();
  const ids = await Promise.all([1, 2, 3, 4, 5, 1, 2].map((question) => opened.whole(recording(1_000), question)));
  await Promise.all([...ids, ...ids].map((id) => opened.storage.finish(id)));
  const meta = await opened.meta();
  expect(meta.files.map((file) => file.questionIndex)).toEqual([1, 2, 3, 4, 5]);
  expect(meta.takes.map((take) => take.fileName)).toEqual(['takes/Q1-1.webm', 'takes/Q2-1.webm']);
});

test('a finish that failed succeeds at the next attempt, once the obstacle is gone', async () => {
  opened = await openStorageSession();
  const bytes = recording(100);
  const id = await opened.whole(bytes);
  await rename(opened.folder, `${opened.folder}.away`);
  await writeFile(opened.folder, 'in the way');
  await expect(opened.storage.finish(id)).rejects.toThrow("question 1 can't be placed");
  expect(await opened.storage.finishPending()).toMatchObject([{ id }]);
  await rm(opened.folder);
  await rename(`${opened.folder}.away`, opened.folder);
  expect(await opened.storage.finishPending()).toEqual([]);
  expect((await inFolder('Q1.webm')).equals(bytes)).toBe(true);
  expect((await opened.get(id)).state).toBe('recorded');
});

test('a whole take is not placed while its token is revoked; after the token is restored, it is', async () => {
  opened = await openStorageSession();
  const { storage, session } = opened;
  const id = await opened.whole(recording(100));
  await storage.tokens.revoke(session.tokenId, true);
  await expect(storage.finish(id)).rejects.toMatchObject({ code: 'token-revoked' });
  await expect(storage.finishSession(session.id)).rejects.toMatchObject({ code: 'token-revoked' });
  expect(await storage.finishPending()).toEqual([]);
  expect(await opened.files()).toEqual(['meta.json']);
  await storage.tokens.revoke(session.tokenId, false);
  expect(await storage.finishPending()).toEqual([]);
  expect(await opened.files()).toEqual(['Q1.webm', 'meta.json']);
});

test.each(['tus', 'multipart'] as const)(
  'a take by %s that becomes whole after the session’s finish is not placed',
  async (via) => {
    opened = await openStorageSession();
    const { storage, session } = opened;
    const owner = { sessionId: session.id, question: 1, takeId: 'x', filetype: 'video/webm', via, metadata: '' };
    const id = await storage.store.createFor(owner);
    await opened.append(id, recording(100));
    await storage.finishSession(session.id);
    await storage.store.declareUploadLength(id, 100);
    await expect(storage.finish(id)).rejects.toMatchObject({ code: 'session-finished' });
    expect(await storage.finishPending()).toEqual([]);
    expect(await opened.files()).toEqual(['meta.json']);
    // A client can't continue a multipart body; bytes that came by tus are kept.
    expect(await opened.uploads()).toEqual(via === 'tus' ? [id] : []);
  },
);

test('a session whose check throws stays open', async () => {
  opened = await openStorageSession();
  const { storage, session } = opened;
  await storage.finish(await opened.whole(recording(100), 2));
  const refuse = (answered: number[]) => {
    throw new Error(`only ${answered}`);
  };
  await expect(storage.finishSession(session.id, refuse)).rejects.toThrow('only 2');
  expect((await opened.meta()).status).toBe('started');
});
