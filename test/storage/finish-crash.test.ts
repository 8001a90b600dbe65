/**
 * A crash between any two steps of a finish. Each step ends with a write to the catalog, so a crash is played by a
 * catalog that fails for good at its n-th write: before it (the files moved, the catalog does not know) or after it
 * (the catalog knows, the next file is not moved). Then a new process opens what is there.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { recording } from '../support/tus.ts';
import { openStorageSitting, type StorageSitting } from './open-sitting.ts';

const CRASH = 'the process was killed';

let sitting: StorageSitting | null = null;
afterEach(async () => {
  await sitting?.close();
  sitting = null;
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function mp4(size: number): Buffer {
  const bytes = recording(size);
  bytes.write('\u0000\u0000\u0000\u0020ftypisom', 'latin1');
  return bytes;
}

/** Lets the catalog die at its `at`-th write from now. Returns whether it came so far. */
function crashAt({ storage }: StorageSitting, at: number, when: 'before' | 'after'): () => boolean {
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
    title: 'a second take that alone is kept',
    keepTakes: false,
    earlier: recording(400),
    later: recording(500),
    kept: [],
  },
  { title: 'webm, then mp4 that alone is kept', keepTakes: false, earlier: recording(400), later: mp4(500), kept: [] },
];

const crashes = [1, 2, 3, 4].flatMap((at) => (['before', 'after'] as const).map((when) => ({ at, when })));

test.each(scenarios.flatMap((scenario) => crashes.map((crash) => ({ ...scenario, ...crash }))))(
  '$title: killed $when write $at, a restart leaves one file and one entry',
  async ({ keepTakes, earlier, later, kept, at, when }) => {
    sitting = await openStorageSitting({ keepTakes });
    if (earlier) await sitting.storage.finish(await sitting.whole(earlier));
    const id = await sitting.whole(later);
    const crashed = crashAt(sitting, at, when);
    const end = await sitting.storage.finish(id).then(
      () => 'done',
      (error: Error) => error.message,
    );
    expect(end).toBe(crashed() ? CRASH : 'done');

    await sitting.restart();
    expect(await sitting.storage.recover()).toEqual({ unfinished: [], damaged: [] });
    const name = later.toString('latin1', 4, 8) === 'ftyp' ? 'Q1.mp4' : 'Q1.webm';
    expect(await sitting.files()).toEqual([name, 'meta.json', ...kept]);
    expect((await readFile(`${sitting.folder}/${name}`)).equals(later)).toBe(true);
    const meta = await sitting.meta();
    expect(meta.files).toMatchObject([{ questionIndex: 1, fileName: name, sha256: sha256(later) }]);
    expect(meta.takes.map((take) => take.fileName)).toEqual(kept);
    if (earlier && kept[0]) expect((await readFile(`${sitting.folder}/${kept[0]}`)).equals(earlier)).toBe(true);
    expect(await sitting.uploads()).toEqual([]);
    expect((await sitting.get(id)).state).toBe('recorded');
  },
);

test.each(crashes.flatMap((crash) => [true, false].map((keepTakes) => ({ ...crash, keepTakes }))))(
  'a late earlier take (kept: $keepTakes): killed $when write $at, the later one still counts',
  async ({ keepTakes, at, when }) => {
    sitting = await openStorageSitting({ keepTakes });
    const [early, late] = [recording(400), recording(500)];
    const first = await sitting.begin();
    await sitting.storage.finish(await sitting.whole(late));
    await sitting.append(first, early);
    await sitting.storage.store.declareUploadLength(first, early.length);
    crashAt(sitting, at, when);
    await sitting.storage.finish(first).catch((error: Error) => expect(error.message).toBe(CRASH));

    await sitting.restart();
    expect(await sitting.storage.recover()).toEqual({ unfinished: [], damaged: [] });
    expect(await sitting.files()).toEqual(['Q1.webm', 'meta.json', ...(keepTakes ? ['takes/Q1-1.webm'] : [])]);
    expect((await readFile(`${sitting.folder}/Q1.webm`)).equals(late)).toBe(true);
    expect((await sitting.meta()).files).toMatchObject([{ fileName: 'Q1.webm', sha256: sha256(late) }]);
    expect((await sitting.get(first)).state).toBe('recorded');
    expect(await sitting.uploads()).toEqual([]);
  },
);

test('a restart removes multipart bodies that were cut and empty files of no take, and keeps all other bytes', async () => {
  sitting = await openStorageSitting();
  const { storage, session } = sitting;
  const unfinished = await sitting.begin();
  await sitting.append(unfinished, recording(100));
  const owner = {
    sessionId: session.id,
    question: 2,
    takeId: 'x',
    filetype: 'video/webm',
    via: 'multipart' as const,
    metadata: '',
  };
  const cut = await storage.store.begin(owner);
  await sitting.append(cut, recording(100));
  await writeFile(`${sitting.dataDir}/uploads/litter`, '');
  await writeFile(
    `${sitting.dataDir}/uploads/unknown`,
    'bytes whose entry was lost, with an older catalog for example',
  );
  await sitting.restart();
  expect(await sitting.storage.recover()).toEqual({ unfinished: [], damaged: [] });
  expect((await sitting.uploads()).sort()).toEqual([unfinished, 'unknown'].sort());
  expect(await sitting.storage.takes.get(cut)).toBeNull();
  expect((await sitting.get(unfinished)).offset).toBe(100);
});
