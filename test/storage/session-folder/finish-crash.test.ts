/**
 * A crash between any two steps of a finish. Each step ends with a write to the catalog, so a crash is simulated by a
 * catalog whose n-th write and all later ones fail: before the write (the file is moved, the catalog does not know it) or
 * after it (the catalog knows, the next file is not moved). Then the storage is opened again, as by a new process.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { recording } from '../../support/tus/tus.ts';

const CRASH = 'the process was killed';

let opened: StorageSession | null = null;
afterEach(async () => {
  await opened?.close();
  opened = null;
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function mp4(size: number): Buffer {
  const bytes = recording(size);
  bytes.write('\u0000\u0000\u0000\u0020ftypisom', 'latin1');
  return bytes;
}

/** Lets the catalog's `at`-th write from now and all later ones fail. Returns a function: whether there was such a write. */
function crashAt({ storage }: StorageSession, at: number, when: 'before' | 'after'): () => boolean {
  let writes = 0;
  const dying =
    <Args extends unknown[]>(write: (...args: Args) => Promise<void>) =>
    async (...args: Args) => {
      writes += 1;
      if (writes > at || (writes === at && when === 'before')) throw new Error(CRASH);
      await write(...args);
      if (writes === at) throw new Error(CRASH);
    };
  storage.takes.update = dying(storage.takes.update);
  storage.takes.record = dying(storage.takes.record);
  return () => writes >= at;
}

const scenarios = [
  { title: 'the first take', keepTakes: true, earlier: null, later: recording(500), kept: [] },
  {
    title: 'a second take',
    keepTakes: true,
    earlier: recording(400),
    later: recording(500),
    kept: ['takes/Q1-1.webm'],
  },
  { title: 'webm, then mp4', keepTakes: true, earlier: recording(400), later: mp4(500), kept: ['takes/Q1-1.webm'] },
  {
    title: 'a second take, the first one not kept',
    keepTakes: false,
    earlier: recording(400),
    later: recording(500),
    kept: [],
  },
  {
    title: 'webm, then mp4, the first one not kept',
    keepTakes: false,
    earlier: recording(400),
    later: mp4(500),
    kept: [],
  },
];

const crashes = [1, 2, 3, 4].flatMap((at) => (['before', 'after'] as const).map((when) => ({ at, when })));

test.each(scenarios.flatMap((scenario) => crashes.map((crash) => ({ ...scenario, ...crash }))))(
  '$title: killed $when write $at, a restart leaves one file and one entry',
  async ({ keepTakes, earlier, later, kept, at, when }) => {
    opened = await openStorageSession({ keepTakes });
    if (earlier) await opened.storage.finish(await opened.whole(earlier));
    const id = await opened.whole(later);
    const crashed = crashAt(opened, at, when);
    const end = await opened.storage.finish(id).then(
      () => 'done',
      (error: Error) => error.message,
    );
    expect(end).toBe(crashed() ? CRASH : 'done');

    await opened.restart();
    expect(await opened.storage.recover()).toEqual({ unfinished: [], damaged: [] });
    const name = later.toString('latin1', 4, 8) === 'ftyp' ? 'Q1.mp4' : 'Q1.webm';
    expect(await opened.files()).toEqual([name, 'meta.json', ...kept]);
    expect((await readFile(`${opened.folder}/${name}`)).equals(later)).toBe(true);
    const meta = await opened.meta();
    expect(meta.files).toMatchObject([{ questionIndex: 1, fileName: name, sha256: sha256(later) }]);
    expect(meta.takes.map((take) => take.fileName)).toEqual(kept);
    if (earlier && kept[0]) expect((await readFile(`${opened.folder}/${kept[0]}`)).equals(earlier)).toBe(true);
    expect(await opened.uploads()).toEqual([]);
    expect((await opened.get(id)).state).toBe('recorded');
  },
);

test.each(crashes.flatMap((crash) => [true, false].map((keepTakes) => ({ ...crash, keepTakes }))))(
  'an earlier take that becomes whole last (kept: $keepTakes): killed $when write $at, the later take still counts',
  async ({ keepTakes, at, when }) => {
    opened = await openStorageSession({ keepTakes });
    const [early, late] = [recording(400), recording(500)];
    const first = await opened.create();
    await opened.storage.finish(await opened.whole(late));
    await opened.append(first, early);
    await opened.storage.store.declareUploadLength(first, early.length);
    crashAt(opened, at, when);
    await opened.storage.finish(first).catch((error: Error) => expect(error.message).toBe(CRASH));

    await opened.restart();
    expect(await opened.storage.recover()).toEqual({ unfinished: [], damaged: [] });
    expect(await opened.files()).toEqual(['Q1.webm', 'meta.json', ...(keepTakes ? ['takes/Q1-1.webm'] : [])]);
    expect((await readFile(`${opened.folder}/Q1.webm`)).equals(late)).toBe(true);
    expect((await opened.meta()).files).toMatchObject([{ fileName: 'Q1.webm', sha256: sha256(late) }]);
    expect((await opened.get(first)).state).toBe('recorded');
    expect(await opened.uploads()).toEqual([]);
  },
);

test.each([...crashes, ...crashes.map(({ at, when }) => ({ at: at + 4, when }))])(
  'sound that went ahead: killed $when write $at, a restart leaves the answer and no sound',
  async ({ at, when }) => {
    opened = await openStorageSession();
    const later = recording(500);
    const id = await opened.whole(later);
    const { takeId } = await opened.get(id);
    const ahead = {
      question: 1,
      via: 'tus',
      filetype: 'audio/webm',
      metadata: '',
      part: 'voice',
      aheadOf: takeId,
    } as const;
    for (const end of ['whole', 'unfinished']) {
      const { store } = opened.storage;
      const voice = await store.createFor({ ...ahead, sessionId: opened.session.id, takeId: end });
      await opened.append(voice, recording(100));
      if (end === 'unfinished') continue;
      await store.declareUploadLength(voice, 100);
      expect((await opened.storage.finish(voice))?.fileName).toBe('takes/Q1-2.voice.webm');
    }
    const crashed = crashAt(opened, at, when);
    const end = await opened.storage.finish(id).then(
      () => 'done',
      (error: Error) => error.message,
    );
    expect(end).toBe(crashed() ? CRASH : 'done');

    await opened.restart();
    expect(await opened.storage.recover()).toEqual({ unfinished: [], damaged: [] });
    expect(await opened.files()).toEqual(['Q1.webm', 'meta.json']);
    expect(await opened.uploads()).toEqual([]);
    expect(await opened.storage.takes.list(opened.session.id)).toMatchObject([{ id, state: 'recorded' }]);
    expect((await opened.meta()).takes).toEqual([]);
  },
);

test('a restart removes cut multipart bodies and empty files that no take knows, and keeps all other bytes', async () => {
  opened = await openStorageSession();
  const { storage, session } = opened;
  const unfinished = await opened.create();
  await opened.append(unfinished, recording(100));
  const owner = {
    sessionId: session.id,
    question: 2,
    takeId: 'x',
    filetype: 'video/webm',
    via: 'multipart' as const,
    metadata: '',
  };
  const cut = await storage.store.createFor(owner);
  await opened.append(cut, recording(100));
  await writeFile(`${opened.dataDir}/uploads/litter`, '');
  await writeFile(`${opened.dataDir}/uploads/unknown`, 'bytes whose entry was lost, with an older catalog for example');
  await opened.restart();
  expect(await opened.storage.recover()).toEqual({ unfinished: [], damaged: [] });
  expect((await opened.uploads()).sort()).toEqual([unfinished, 'unknown'].sort());
  expect(await opened.storage.takes.get(cut)).toBeNull();
  expect((await opened.get(unfinished)).offset).toBe(100);
});
