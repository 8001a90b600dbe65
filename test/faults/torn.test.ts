/** What a crash may leave half-written or at odds: the next start puts it right, or says so and rewinds nothing. */
import { appendFile, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server.ts';
import { recording, reprDigest } from '../support/tus.ts';
import { ALL, BEGUN, type Begun, begin, empty, expectRefused, goOn, offsetOf } from './begun.ts';

let upload: Begun;
let dataDir: string;
beforeEach(async () => {
  const root = await temporaryFolder();
  onTestFinished(() => root.remove());
  dataDir = root.path;
  upload = await begin(dataDir);
});

/** Kills the server, does `harm` to what it left, and starts another one. */
async function crash(harm: () => Promise<unknown>): Promise<TestServer> {
  await upload.server.stop('SIGKILL');
  await harm();
  const server = await spawnServer({ dataDir });
  onTestFinished(() => server.stop());
  upload = { ...upload, server, tus: upload.candidate.tus(server) };
  return server;
}

/** Names in the session folder. */
const inFolder = async () => (await readdir(upload.candidate.path)).sort();
const meta = async () => JSON.parse(await readFile(`${upload.candidate.path}/meta.json`, 'utf8'));

describe('the catalog’s log', () => {
  const log = () => `${dataDir}/tresgo.db-wal`;

  test('garbage at its end: every commit before it counts', async () => {
    await crash(() => appendFile(log(), recording(5_000)));
    expect(await offsetOf(upload.tus, upload.location)).toBe(BEGUN);
    await goOn(upload);
  });

  test.for([10, 24, 2_000, 4_119])('%i bytes of a frame at its end: every commit before it counts', async (bytes) => {
    await crash(async () => {
      // A frame has 24 bytes of its own and a page; the copy is whole but for its end, and its salts are right.
      const whole = await readFile(log());
      await appendFile(log(), whole.subarray(whole.length - 4_120, whole.length - 4_120 + bytes));
    });
    expect(await offsetOf(upload.tus, upload.location)).toBe(BEGUN);
    await goOn(upload);
  });

  test('a catalog that can’t be read: no start, nothing touched; with the catalog back everything is there', async () => {
    const catalog = `${dataDir}/tresgo.db`;
    await upload.server.stop('SIGKILL');
    for (const name of [catalog, log()]) await rename(name, `${name}.away`);
    await writeFile(catalog, recording(8_192));
    await expect(spawnServer({ dataDir })).rejects.toThrow(/the catalog .* can't be opened/);
    expect((await stat(upload.file)).size).toBe(BEGUN);
    for (const name of [catalog, `${catalog}-wal`, `${catalog}-shm`]) await rm(name, { force: true });
    await crash(async () => {
      for (const name of [catalog, log()]) await rename(`${name}.away`, name);
    });
    await goOn(upload);
  });
});

describe('meta.json', () => {
  test('a temporary file that was half written is in nobody’s way and does not stay', async () => {
    await crash(() => writeFile(`${upload.candidate.path}/.meta.json.new`, '{"userName": "An'));
    expect(await meta()).toMatchObject({ files: [] });
    await goOn(upload);
    expect(await inFolder()).toEqual(['Q1.webm', 'meta.json']);
    expect((await meta()).files).toMatchObject([{ questionIndex: 1, fileName: 'Q1.webm', bytes: ALL }]);
  });

  test.for(['half written', 'empty', 'missing'])('%s: whole again at the start, with every answer', async (how) => {
    await upload.tus.send(recording(1_000), { question: 2 });
    const file = `${upload.candidate.path}/meta.json`;
    const { size } = await stat(file);
    await crash(() => (how === 'missing' ? rm(file) : truncate(file, how === 'empty' ? 0 : Math.floor(size / 2))));
    expect((await meta()).files).toMatchObject([{ fileName: 'Q2.webm' }]);
    await goOn(upload);
    expect((await meta()).files).toMatchObject([{ fileName: 'Q1.webm' }, { fileName: 'Q2.webm' }]);
    expect(await inFolder()).toEqual(['Q1.webm', 'Q2.webm', 'meta.json']);
  });
});

describe('an upload’s file', () => {
  test('longer than what is committed: the rest is told to nobody, and overwritten', async () => {
    await crash(() => appendFile(upload.file, recording(70_000)));
    expect(await offsetOf(upload.tus, upload.location)).toBe(BEGUN);
    await goOn(upload);
  });

  test('longer, and the answer ends where it is committed: the rest is not part of it', async () => {
    await crash(() => appendFile(upload.file, recording(70_000)));
    const last = await upload.tus.patch(upload.location, BEGUN, empty, { length: BEGUN });
    const bytes = upload.bytes.subarray(0, BEGUN);
    expect([last.status, last.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
    expect((await readFile(`${upload.candidate.path}/Q1.webm`)).equals(bytes)).toBe(true);
  });

  const damages: Array<[string, () => Promise<void>]> = [
    ['one byte shorter', () => truncate(upload.file, BEGUN - 1)],
    ['empty', () => truncate(upload.file, 0)],
    ['missing', () => rm(upload.file)],
  ];

  test.each(damages)('%s: an alarm at the start, 503, and never a rewind', async (_, harm) => {
    const server = await crash(harm);
    const { tus, location, bytes } = upload;
    expect(alarms(server), 'at the start').toBeGreaterThan(0);
    const size = () =>
      stat(upload.file).then(
        (file) => file.size,
        () => null,
      );
    const left = await size();

    const before = alarms(server);
    await expectRefused(await tus.patch(location, BEGUN, bytes.subarray(BEGUN)), 503, 'upload-damaged');
    expect(alarms(server), 'at a PATCH').toBeGreaterThan(before);
    await expectRefused(await tus.patch(location, BEGUN, empty, { length: BEGUN }), 503, 'upload-damaged');
    for (const offset of [0, BEGUN - 1]) {
      const rewound = await tus.patch(location, offset, bytes.subarray(offset));
      expect([409, 503]).toContain(rewound.status);
    }
    const head = await tus.head(location);
    if (head.status !== 503)
      expect([head.status, head.headers.get('upload-offset'), head.headers.get('upload-complete')]).toEqual([
        200,
        String(BEGUN),
        '?0',
      ]);
    expect(await size()).toBe(left);
    expect(await inFolder()).toEqual(['meta.json']);
    // Nobody else suffers.
    expect((await tus.send(recording(1_000), { question: 2 })).headers.get('upload-complete')).toBe('?1');
  });

  test.each(damages)('%s, when all was there and not placed yet: an alarm, 503, and never ?1', async (_, harm) => {
    const { path: folder } = upload.candidate;
    const finish = () => upload.tus.patch(upload.location, BEGUN, empty, { length: BEGUN });
    await rename(folder, `${folder}.away`);
    expect((await finish()).status).toBe(503);
    await upload.server.stop('SIGKILL');
    await rename(`${folder}.away`, folder);
    const server = await crash(harm);
    expect(alarms(server)).toBeGreaterThan(0);
    expect((await finish()).status).toBe(503);
    expect((await upload.tus.head(upload.location)).headers.get('upload-complete')).not.toBe('?1');
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect(await inFolder()).toEqual(['meta.json']);
  });

  /** Errors in the log that name the upload. */
  function alarms(server: TestServer): number {
    const id = path.basename(upload.location);
    const lines = server
      .stderr()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    return lines.filter((line) => line.includes(id) && (JSON.parse(line) as { level: number }).level >= 50).length;
  }
});
