import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { Upload } from '@tus/server';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Database } from '../../../storage/catalog/database.ts';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { recording, until } from '../../support/tus/tus.ts';

let opened: StorageSession;
beforeEach(async () => {
  opened = await openStorageSession();
});
afterEach(() => opened.close());

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const fileOf = (id: string) => opened.storage.store.pathOf(id);

/** Lets `fdatasync` fail once. */
function failSync(code: string) {
  return vi.spyOn(fs, 'fdatasync').mockImplementationOnce((_fd, callback) => {
    setImmediate(callback, Object.assign(new Error(code), { code }));
  });
}

afterEach(() => {
  vi.restoreAllMocks();
});

test('the offset is committed only after the bytes are in the file and synced', async () => {
  const { liveTakes } = opened.storage;
  const id = await opened.create();
  const steps: string[] = [];
  const { fdatasync } = fs;
  vi.spyOn(fs, 'fdatasync').mockImplementation((fd, callback) => {
    fdatasync(fd, (error) => {
      steps.push(`synced ${fs.fstatSync(fd).size}`);
      callback(error);
    });
  });
  const { commit } = liveTakes;
  vi.spyOn(liveTakes, 'commit').mockImplementation(async (...args) => {
    await commit(...args);
    steps.push(`offset ${args[1]}`);
  });
  const bytes = recording(5_000);
  await opened.append(id, bytes.subarray(0, 3_000));
  await opened.append(id, bytes.subarray(3_000));
  expect(steps).toEqual(['synced 3000', 'offset 3000', 'synced 5000', 'offset 5000']);
  expect((await readFile(fileOf(id))).equals(bytes)).toBe(true);
});

test('a failing sync does not change the offset, and the next append begins there', async () => {
  const id = await opened.create();
  await opened.append(id, recording(100));
  const before = await readFile(fileOf(id));
  failSync('EIO');
  await expect(opened.append(id, Buffer.alloc(50, 1))).rejects.toThrow('EIO');
  expect((await opened.get(id)).offset).toBe(100);
  await opened.append(id, Buffer.alloc(30, 2));
  const expected = Buffer.concat([before, Buffer.alloc(30, 2)]);
  expect((await readFile(fileOf(id))).equals(expected)).toBe(true);
  expect(await opened.storage.store.seal(id, 130)).toBe(sha256(expected));
});

test('after a failing sync the file is read again: bytes other than the acknowledged ones are an alarm', async () => {
  const id = await opened.create();
  await opened.append(id, recording(100));
  failSync('EIO');
  await expect(opened.append(id, Buffer.alloc(50, 1))).rejects.toThrow('EIO');
  await writeFile(fileOf(id), Buffer.alloc(100, 7));
  await expect(opened.append(id, Buffer.alloc(30, 2))).rejects.toMatchObject({ code: 'upload-damaged' });
  // The damaged file stays beside its name, for the admin; the upload does not begin again.
  expect(await opened.uploads()).toEqual([`${id}.damaged`]);
  await expect(opened.append(id, Buffer.alloc(30, 2))).rejects.toMatchObject({ code: 'upload-damaged' });
  expect((await opened.get(id)).offset).toBe(100);
});

test('offsets that are ready at the same moment share a transaction; when it fails, none of them changes', async () => {
  const { liveTakes } = opened.storage;
  const ids = await Promise.all([1, 2, 3].map((question) => opened.create(question)));
  const synced = async () => {};
  const together = vi.spyOn(Database.prototype, 'changeTogether');
  await Promise.all(ids.map((id) => liveTakes.commit(id, 10, synced)));
  expect(together).toHaveBeenCalledTimes(1);
  together.mockRejectedValueOnce(Object.assign(new Error('full'), { code: 'SQLITE_FULL' }));
  const outcomes = await Promise.allSettled(ids.map((id) => liveTakes.commit(id, 20, synced)));
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'SQLITE_FULL' } });
  for (const id of ids) expect((await liveTakes.get(id))?.offset).toBe(10);
  await liveTakes.commit(ids[0] as string, 30, synced);
  expect((await liveTakes.get(ids[0] as string))?.offset).toBe(30);
});

test('bytes beyond the committed offset were never promised and are cut off', async () => {
  const id = await opened.create();
  const bytes = recording(1_000);
  await opened.append(id, bytes.subarray(0, 600));
  await appendFile(fileOf(id), 'left by a crash between the write and the commit');
  await opened.restart();
  await opened.append(id, bytes.subarray(600));
  expect((await readFile(fileOf(id))).equals(bytes)).toBe(true);
  expect(await opened.storage.store.seal(id, 1_000)).toBe(sha256(bytes));
});

test('a file with fewer bytes than were acknowledged is an error, never a silent rewind', async () => {
  const id = await opened.create();
  await opened.append(id, recording(1_000));
  await truncate(fileOf(id), 400);
  await expect(opened.append(id, Buffer.from('more'))).rejects.toThrow(/is damaged: 1000 .* 400/);
  expect((await opened.get(id)).offset).toBe(1_000);
  expect((await stat(fileOf(id))).size).toBe(400);
});

test('a file that loses its end while a body comes is damaged at once: no later byte is written behind a hole', async () => {
  const id = await opened.create();
  const source = new PassThrough();
  const done = opened.storage.store.append(source, id, 0);
  source.write(recording(1_000));
  await until(async () => (await opened.get(id)).offset === 1_000);
  await truncate(fileOf(id), 400);
  source.end('more');
  await expect(done).rejects.toMatchObject({ code: 'upload-damaged' });
  expect((await stat(fileOf(id))).size).toBe(400);
  await expect(opened.storage.store.seal(id, 1_000)).rejects.toMatchObject({ code: 'upload-damaged' });
});

test('a file that loses bytes which nobody was told of is no damage: they are sent again', async () => {
  const id = await opened.create();
  const bytes = recording(400_000);
  const source = new PassThrough();
  const done = opened.storage.store.append(source, id, 0, { quietMs: 60_000 });
  source.write(bytes.subarray(0, 1_000));
  await until(async () => (await opened.get(id)).offset === 1_000);
  source.write(bytes.subarray(1_000, 301_000));
  await until(async () => (await stat(fileOf(id))).size === 301_000);
  await truncate(fileOf(id), 2_000);
  source.end(bytes.subarray(301_000));
  await expect(done).rejects.toThrow('lost its end while it was written: 2000 of 301000 bytes are left');
  expect((await opened.get(id)).offset).toBe(1_000);
  await opened.append(id, bytes.subarray(1_000));
  expect(await opened.storage.store.seal(id, bytes.length)).toBe(sha256(bytes));
  expect((await readFile(fileOf(id))).equals(bytes)).toBe(true);
});

test('a short file has no digest after a restart: a damaged answer is never called complete', async () => {
  const id = await opened.whole(recording(1_000));
  await truncate(fileOf(id), 400);
  await opened.restart();
  await expect(opened.storage.store.seal(id, 1_000)).rejects.toThrow('is damaged');
  await expect(opened.storage.finish(id)).rejects.toThrow('is damaged');
  expect(await opened.files()).toEqual(['meta.json']);
});

test('the digest grows with the bytes, without reading the file', async () => {
  const id = await opened.create();
  const bytes = recording(3_000);
  for (let at = 0; at < 3_000; at += 1_000) {
    await opened.append(id, bytes.subarray(at, at + 1_000));
    // The file is overwritten: a digest that reads it would differ.
    await writeFile(fileOf(id), Buffer.alloc(at + 1_000));
    expect(await opened.storage.store.seal(id, at + 1_000)).toBe(sha256(bytes.subarray(0, at + 1_000)));
  }
});

test('the digest is rebuilt from the file after a restart, and grows with later bytes', async () => {
  const id = await opened.create();
  const bytes = recording(200_000);
  await opened.append(id, bytes.subarray(0, 150_000));
  await opened.restart();
  await opened.append(id, bytes.subarray(150_000));
  expect(await opened.storage.store.seal(id, 200_000)).toBe(sha256(bytes));
  await opened.restart();
  expect(await opened.storage.store.seal(id, 200_000)).toBe(sha256(bytes));
});

test('bytes of a source that breaks are kept, with the right digest', async () => {
  const id = await opened.create();
  const source = new PassThrough();
  source.on('error', () => {});
  source.write('first ');
  const done = opened.storage.store.append(source, id, 0);
  // At once, while the store is still opening its file: bytes that wait in the source are kept, too.
  source.write('second');
  source.destroy(new Error('cut'));
  expect(await done).toEqual({ offset: 12, end: 'cut' });
  expect((await opened.get(id)).offset).toBe(12);
  expect(await opened.storage.store.seal(id, 12)).toBe(sha256(Buffer.from('first second')));
});

test('a long body is committed while it comes in', async () => {
  const id = await opened.create();
  const source = new PassThrough();
  const done = opened.storage.store.append(source, id, 0);
  for (let sent = 0; sent < 9; sent++) source.write(Buffer.alloc(1 << 20));
  await until(async () => (await opened.get(id)).offset >= 8 << 20);
  source.end();
  expect(await done).toEqual({ offset: 9 << 20, end: 'end' });
});

test('an append at another offset than the committed one is refused', async () => {
  const id = await opened.create();
  await opened.append(id, recording(10));
  for (const offset of [0, 9, 11])
    await expect(opened.storage.store.append(Readable.from(['x']), id, offset)).rejects.toThrow('is at 10, not at');
  expect((await stat(fileOf(id))).size).toBe(10);
});

test('a second creation with the same id never empties the file', async () => {
  const { store } = opened.storage;
  const id = await opened.create();
  const bytes = recording(500);
  await opened.append(id, bytes);
  await expect(store.create(new Upload({ id, offset: 0 }))).rejects.toThrow('was not reserved');
  const owner = {
    sessionId: opened.session.id,
    question: 1,
    takeId: 'other',
    filetype: 'x',
    via: 'tus' as const,
    metadata: '',
  };
  const reserved = store.reserve(owner);
  await writeFile(fileOf(reserved), 'somebody’s');
  await expect(store.create(new Upload({ id: reserved, offset: 0 }))).rejects.toMatchObject({ code: 'EEXIST' });
  expect(await readFile(fileOf(reserved), 'utf8')).toBe('somebody’s');
  expect((await readFile(fileOf(id))).equals(bytes)).toBe(true);
});

test('a second creation with the same takeId makes no second file', async () => {
  const { store } = opened.storage;
  const owner = {
    sessionId: opened.session.id,
    question: 1,
    takeId: 'same',
    filetype: 'x',
    via: 'tus' as const,
    metadata: '',
  };
  const id = await store.createFor(owner);
  await expect(store.createFor(owner)).rejects.toMatchObject({ code: 'take-exists' });
  expect(await opened.uploads()).toEqual([id]);
});

test('a whole take can’t be removed, an unfinished one is gone with its file', async () => {
  const { store } = opened.storage;
  const whole = await opened.whole(recording(100));
  await expect(store.remove(whole)).rejects.toMatchObject({ code: 'take-whole' });
  const half = await opened.create();
  await store.remove(half);
  expect(await opened.uploads()).toEqual([whole]);
  expect(await opened.storage.takes.get(half)).toBeNull();
});
