/** Files that a crash left half-written or contradictory: the next start repairs them, or raises an alarm and rewinds nothing. */
import { appendFile, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server/server.ts';
import { recording, reprDigest, until } from '../support/tus/tus.ts';
import { ALL, BEGUN, begin, empty, expectRefused, goOn, offsetOf, type StartedUpload } from './started-upload.ts';

let upload: StartedUpload;
let dataDir: string;
beforeEach(async () => {
  const root = await temporaryFolder();
  onTestFinished(() => root.remove());
  dataDir = root.path;
  upload = await begin(dataDir);
});

/** Kills the server, does `harm` to its files, and starts another one. */
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
      // A frame is a header of 24 bytes and a page; the copy lacks only its end, and its salts are right.
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
  test('a half-written temporary file does no harm and is removed', async () => {
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
  test('longer than the committed offset: the rest is not reported, and overwritten', async () => {
    await crash(() => appendFile(upload.file, recording(70_000)));
    expect(await offsetOf(upload.tus, upload.location)).toBe(BEGUN);
    await goOn(upload);
  });

  test('longer, and the answer ends at the committed offset: the rest is not part of it', async () => {
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
    // The log does not wait for its reader.
    await until(() => alarms(server) > 0);
    const size = () =>
      stat(upload.file).then(
        (file) => file.size,
        () => null,
      );
    const left = await size();

    const before = alarms(server);
    await expectRefused(await tus.patch(location, BEGUN, bytes.subarray(BEGUN)), 503, 'upload-damaged');
    await until(() => alarms(server) > before);
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
    // Other uploads are not affected.
    expect((await tus.send(recording(1_000), { question: 2 })).headers.get('upload-complete')).toBe('?1');
  });

  test.each(damages)(
    '%s, when the upload was whole and not placed yet: an alarm, 503, and never ?1',
    async (_, harm) => {
      const { path: folder } = upload.candidate;
      const finish = () => upload.tus.patch(upload.location, BEGUN, empty, { length: BEGUN });
      // A file in the folder's place: a folder that is only gone is made again.
      await rename(folder, `${folder}.away`);
      await writeFile(folder, '');
      expect((await finish()).status).toBe(503);
      await upload.server.stop('SIGKILL');
      await rm(folder);
      await rename(`${folder}.away`, folder);
      const server = await crash(harm);
      await until(() => alarms(server) > 0);
      expect((await finish()).status).toBe(503);
      expect((await upload.tus.head(upload.location)).headers.get('upload-complete')).not.toBe('?1');
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      expect(await inFolder()).toEqual(['meta.json']);
    },
  );

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
