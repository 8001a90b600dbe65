import { createHash } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { sampleVideo } from '../support/media.ts';
import { recording } from '../support/tus.ts';
import { openStorageSitting, type StorageSitting } from './open-sitting.ts';

let sitting: StorageSitting;
afterEach(() => sitting.close());

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const inFolder = (name: string) => readFile(`${sitting.folder}/${name}`);

/** Bytes that begin as MP4 does. */
function mp4(size: number): Buffer {
  const bytes = recording(size);
  bytes.write('\u0000\u0000\u0000\u0020ftypisom', 'latin1');
  return bytes;
}

test('a whole take ends under its name, told by meta.json, with nothing left among the uploads', async () => {
  sitting = await openStorageSitting();
  const bytes = await readFile(await sampleVideo({ seconds: 1, format: 'webm' }));
  const id = await sitting.whole(bytes);
  expect(await sitting.storage.finish(id)).toMatchObject({
    state: 'recorded',
    fileName: 'Q1.webm',
    sha256: sha256(bytes),
  });
  expect((await inFolder('Q1.webm')).equals(bytes)).toBe(true);
  expect(await sitting.files()).toEqual(['Q1.webm', 'meta.json']);
  expect(await sitting.uploads()).toEqual([]);
  // Again: nothing changes.
  expect(await sitting.storage.finish(id)).toMatchObject({ state: 'recorded', fileName: 'Q1.webm' });
  expect(await sitting.files()).toEqual(['Q1.webm', 'meta.json']);
});

test('the first bytes decide the extension, whatever the label says', async () => {
  sitting = await openStorageSitting();
  const bytes = await readFile(await sampleVideo({ seconds: 1, format: 'mp4' }));
  await sitting.storage.finish(await sitting.whole(bytes, 2));
  expect(await sitting.files()).toEqual(['Q2.mp4', 'meta.json']);
});

test.each(['hello, this is text', '', '\u001a\u0045\u00df', 'ftypisom'])(
  'a whole take of %j is no recording: refused, nothing placed',
  async (text) => {
    sitting = await openStorageSitting();
    const id = await sitting.whole(Buffer.from(text, 'latin1'));
    expect(await sitting.storage.finish(id)).toMatchObject({ state: 'refused' });
    expect(await sitting.files()).toEqual(['meta.json']);
    expect((await sitting.meta()).files).toEqual([]);
  },
);

test('a take that is not whole is left alone', async () => {
  sitting = await openStorageSitting();
  const id = await sitting.begin();
  await sitting.append(id, recording(100));
  expect(await sitting.storage.finish(id)).toMatchObject({ state: 'receiving' });
  expect(await sitting.storage.finish('no-such-take')).toBeNull();
  expect(await sitting.files()).toEqual(['meta.json']);
});

test('a later take counts, the earlier one goes to takes/', async () => {
  sitting = await openStorageSitting();
  const [one, two, three] = [recording(100), recording(200), recording(300)];
  for (const bytes of [one, two, three]) await sitting.storage.finish(await sitting.whole(bytes));
  expect(await sitting.files()).toEqual(['Q1.webm', 'meta.json', 'takes/Q1-1.webm', 'takes/Q1-2.webm']);
  expect((await inFolder('Q1.webm')).equals(three)).toBe(true);
  expect((await inFolder('takes/Q1-1.webm')).equals(one)).toBe(true);
  const meta = await sitting.meta();
  expect(meta.files).toMatchObject([{ questionIndex: 1, fileName: 'Q1.webm', sha256: sha256(three) }]);
  expect(meta.takes).toMatchObject([
    { questionIndex: 1, number: 1, fileName: 'takes/Q1-1.webm', sha256: sha256(one) },
    { questionIndex: 1, number: 2, fileName: 'takes/Q1-2.webm', sha256: sha256(two) },
  ]);
});

test('an earlier take that arrives whole later goes to takes/ itself; the later one goes on counting', async () => {
  sitting = await openStorageSitting();
  const [early, late] = [recording(100), recording(200)];
  const first = await sitting.begin();
  await sitting.storage.finish(await sitting.whole(late));
  await sitting.append(first, early);
  await sitting.storage.store.declareUploadLength(first, early.length);
  expect(await sitting.storage.finish(first)).toMatchObject({ state: 'recorded', fileName: 'takes/Q1-1.webm' });
  expect((await inFolder('Q1.webm')).equals(late)).toBe(true);
  expect((await sitting.meta()).files).toMatchObject([{ fileName: 'Q1.webm', sha256: sha256(late) }]);
});

test('without keepTakes only the take that counts stays', async () => {
  sitting = await openStorageSitting({ keepTakes: false });
  const late = await sitting.begin();
  await sitting.storage.finish(await sitting.whole(recording(100)));
  const last = mp4(300);
  await sitting.storage.finish(await sitting.whole(last));
  await sitting.append(late, recording(50));
  await sitting.storage.store.declareUploadLength(late, 50);
  expect(await sitting.storage.finish(late)).toMatchObject({ state: 'recorded', fileName: null });
  expect(await sitting.files()).toEqual(['Q1.mp4', 'meta.json']);
  expect((await inFolder('Q1.mp4')).equals(last)).toBe(true);
  expect(await sitting.meta()).toMatchObject({ files: [{ fileName: 'Q1.mp4' }], takes: [] });
  expect(await sitting.uploads()).toEqual([]);
});

test('takes of one session that end at the same time are all told', async () => {
  sitting = await openStorageSitting();
  const ids = await Promise.all([1, 2, 3, 4, 5, 1, 2].map((question) => sitting.whole(recording(1_000), question)));
  await Promise.all([...ids, ...ids].map((id) => sitting.storage.finish(id)));
  const meta = await sitting.meta();
  expect(meta.files.map((file) => file.questionIndex)).toEqual([1, 2, 3, 4, 5]);
  expect(meta.takes.map((take) => take.fileName)).toEqual(['takes/Q1-1.webm', 'takes/Q2-1.webm']);
});

test('a finish that failed is done by the sweep, once what was in its way is gone', async () => {
  sitting = await openStorageSitting();
  const bytes = recording(100);
  const id = await sitting.whole(bytes);
  await rename(sitting.folder, `${sitting.folder}.away`);
  await writeFile(sitting.folder, 'in the way');
  await expect(sitting.storage.finish(id)).rejects.toThrow("question 1 can't be placed");
  expect(await sitting.storage.finishPending()).toMatchObject([{ id }]);
  await rm(sitting.folder);
  await rename(`${sitting.folder}.away`, sitting.folder);
  expect(await sitting.storage.finishPending()).toEqual([]);
  expect((await inFolder('Q1.webm')).equals(bytes)).toBe(true);
  expect((await sitting.get(id)).state).toBe('recorded');
});

test('a whole take is not placed while its token is revoked; restored, the sweep places it', async () => {
  sitting = await openStorageSitting();
  const { storage, session } = sitting;
  const id = await sitting.whole(recording(100));
  await storage.tokens.revoke(session.tokenId, true);
  await expect(storage.finish(id)).rejects.toMatchObject({ code: 'token-revoked' });
  await expect(storage.finishSession(session.id)).rejects.toMatchObject({ code: 'token-revoked' });
  expect(await storage.finishPending()).toEqual([]);
  expect(await sitting.files()).toEqual(['meta.json']);
  await storage.tokens.revoke(session.tokenId, false);
  expect(await storage.finishPending()).toEqual([]);
  expect(await sitting.files()).toEqual(['Q1.webm', 'meta.json']);
});

test.each(['tus', 'multipart'] as const)(
  'a take by %s that becomes whole after the finish is not placed',
  async (via) => {
    sitting = await openStorageSitting();
    const { storage, session } = sitting;
    const owner = { sessionId: session.id, question: 1, takeId: 'x', filetype: 'video/webm', via, metadata: '' };
    const id = await storage.store.begin(owner);
    await sitting.append(id, recording(100));
    await storage.finishSession(session.id);
    await storage.store.declareUploadLength(id, 100);
    await expect(storage.finish(id)).rejects.toMatchObject({ code: 'session-finished' });
    expect(await storage.finishPending()).toEqual([]);
    expect(await sitting.files()).toEqual(['meta.json']);
    // Nobody can go on with a multipart body; what came by tus is kept.
    expect(await sitting.uploads()).toEqual(via === 'tus' ? [id] : []);
  },
);

test('what a session’s check refuses stays open', async () => {
  sitting = await openStorageSitting();
  const { storage, session } = sitting;
  await storage.finish(await sitting.whole(recording(100), 2));
  const refuse = (answered: number[]) => {
    throw new Error(`only ${answered}`);
  };
  await expect(storage.finishSession(session.id, refuse)).rejects.toThrow('only 2');
  expect((await sitting.meta()).status).toBe('started');
});
