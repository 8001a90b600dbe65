/** `kill -9` of the real server: in mid-upload, and between the steps of a finish. */
import { readdir, readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server.ts';
import { openRequest, recording, reprDigest, until } from '../support/tus.ts';
import { openCandidate } from './candidate.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer;
beforeEach(async () => {
  root = await temporaryFolder();
  server = await spawnServer({ dataDir: root.path });
});
afterEach(async () => {
  await server.stop();
  await root.remove();
});

/** Kills the server; a new one takes its place. */
async function killAndRestart(): Promise<void> {
  await server.stop('SIGKILL');
  server = await spawnServer({ dataDir: root.path });
}

const empty = new Uint8Array();

test('every acknowledged byte is there after the restart, and the upload goes on to the same digest', async () => {
  const candidate = await openCandidate(server, 'Anna');
  const bytes = recording(900_000);
  const location = await candidate.tus(server).begin();
  let acknowledged = 0;
  for (let round = 0; round < 3; round++) {
    const tus = candidate.tus(server);
    for (let patch = 0; patch < 3; patch++) {
      const response = await tus.patch(location, acknowledged, bytes.subarray(acknowledged, acknowledged + 60_000));
      expect(response.status).toBe(204);
      acknowledged = Number(response.headers.get('upload-offset'));
    }
    // Killed while one more is on its way.
    const live = await tus.openPatch(location, acknowledged, 200_000);
    await live.write(bytes.subarray(acknowledged, acknowledged + 50_000));
    await until(async () => (await readFile(candidate.uploadFile(location))).length > acknowledged);
    await killAndRestart();
    live.socket.destroy();
    const head = await candidate.tus(server).head(location);
    const offset = Number(head.headers.get('upload-offset'));
    expect(offset).toBeGreaterThanOrEqual(acknowledged);
    const onDisk = await readFile(candidate.uploadFile(location));
    expect(onDisk.subarray(0, offset).equals(bytes.subarray(0, offset))).toBe(true);
    acknowledged = offset;
  }
  const tus = candidate.tus(server);
  expect((await tus.patch(location, acknowledged, bytes.subarray(acknowledged))).status).toBe(204);
  const last = await tus.patch(location, bytes.length, empty, { length: bytes.length });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
  expect((await readFile(`${candidate.path}/Q1.webm`)).equals(bytes)).toBe(true);
}, 60_000);

test('killed around the last PATCH: HEAD comes to ?1, with one file and one entry', async () => {
  const rounds = 8;
  const candidate = await openCandidate(server, 'Anna');
  const delays: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const question = (round % 5) + 1;
    const bytes = recording(50_000 + round);
    const tus = candidate.tus(server);
    const location = await tus.begin({ question });
    await tus.patch(location, 0, bytes);
    // From before the request is read to after it is answered; printed when the test fails.
    const delayMs = Math.random() * 20;
    delays.push(delayMs);
    const last = tus.patch(location, bytes.length, empty, { length: bytes.length }).catch(() => null);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await server.stop('SIGKILL');
    const told = (await last)?.headers.get('upload-complete') === '?1';
    server = await spawnServer({ dataDir: root.path });

    const after = candidate.tus(server);
    let head = await after.head(location);
    expect(head.headers.get('upload-offset'), String(delays)).toBe(String(bytes.length));
    if (head.headers.get('upload-complete') === '?0') {
      expect(told, String(delays)).toBe(false);
      // The length may not have come; what the client would do is send it again.
      expect((await after.patch(location, bytes.length, empty, { length: bytes.length })).status).toBe(204);
      head = await after.head(location);
    }
    expect(head.headers.get('upload-complete'), String(delays)).toBe('?1');
    expect(head.headers.get('repr-digest')).toBe(reprDigest(bytes));
    expect((await readFile(`${candidate.path}/Q${question}.webm`)).equals(bytes), String(delays)).toBe(true);
    const meta = JSON.parse(await readFile(`${candidate.path}/meta.json`, 'utf8'));
    const entries = meta.files.filter((file: { questionIndex: number }) => file.questionIndex === question);
    expect(entries, String(delays)).toMatchObject([{ fileName: `Q${question}.webm`, bytes: bytes.length }]);
  }
  expect((await readdir(candidate.path)).sort()).toEqual([
    'Q1.webm',
    'Q2.webm',
    'Q3.webm',
    'Q4.webm',
    'Q5.webm',
    'meta.json',
    'takes',
  ]);
  expect((await readdir(`${candidate.path}/takes`)).sort()).toEqual(['Q1-1.webm', 'Q2-1.webm', 'Q3-1.webm']);
  expect(await readdir(`${root.path}/uploads`)).toEqual([]);
}, 60_000);

test('killed while a multipart answer comes in: nothing of it is left, and the answer can be sent again', async () => {
  const candidate = await openCandidate(server, 'Anna');
  const fields = Object.entries({ token: candidate.token, folder: candidate.folder, questionIndex: '1' }).map(
    ([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const request = await openRequest(server.url, [
    'POST /api/upload-one HTTP/1.1',
    'Content-Type: multipart/form-data; boundary=x',
    'Content-Length: 1000000',
  ]);
  const file = '--x\r\nContent-Disposition: form-data; name="video"; filename="a"\r\n\r\n';
  await request.write(Buffer.concat([Buffer.from(fields.join('') + file), recording(100_000)]));
  await until(async () => (await readdir(`${root.path}/uploads`)).length === 1);
  await killAndRestart();
  request.socket.destroy();
  expect(await readdir(`${root.path}/uploads`)).toEqual([]);
  const form = new FormData();
  for (const [name, value] of Object.entries({ token: candidate.token, folder: candidate.folder, questionIndex: '1' }))
    form.append(name, value);
  form.append('video', new Blob([recording(1_000)]));
  expect((await fetch(`${server.url}/api/upload-one`, { method: 'POST', body: form })).status).toBe(200);
  expect((await readdir(candidate.path)).sort()).toEqual(['Q1.webm', 'meta.json']);
});
