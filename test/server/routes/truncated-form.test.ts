/** Forms that end inside their file: they are refused, and the server keeps running. */
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Candidate, openCandidate } from '../../support/server/candidate.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../../support/server/server.ts';
import { recording, refusalOf } from '../../support/tus/tus.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer;
let candidate: Candidate;
beforeAll(async () => {
  root = await temporaryFolder();
  // A process of its own: an error event without a listener would end this process, too.
  server = await spawnServer({ dataDir: root.path });
  candidate = await openCandidate(server, 'Anna');
});
afterAll(async () => {
  await server.stop();
  await root.remove();
});

/** A form whose last part has no closing boundary. */
function truncated(token: string, file: string, bytes: Uint8Array<ArrayBuffer>): Promise<Response> {
  const fields = Object.entries({ token, folder: candidate.folder, questionIndex: '1' }).map(
    ([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head = `--x\r\nContent-Disposition: form-data; name="${file}"; filename="a.webm"\r\n\r\n`;
  return fetch(`${server.url}/api/upload-one`, {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
    body: new Blob([fields.join(''), head, bytes]),
  });
}

test.each([
  ['3 bytes', 3],
  ['5 MB', 5_000_000],
])('a video of %s without a closing boundary is refused, with a valid token and without', async (_, size) => {
  const bytes = recording(Math.max(4, size)).subarray(0, size);
  const known = await refusalOf(await truncated(candidate.token, 'video', bytes));
  expect(known).toMatchObject({ status: 400, code: 'invalid-multipart' });
  expect(await refusalOf(await truncated(candidate.token, 'other', bytes))).toMatchObject({ status: 400 });
  // Who asks is looked at before the form's end is seen.
  expect([400, 401]).toContain((await refusalOf(await truncated('unknown', 'video', bytes))).status);
  expect(await refusalOf(await truncated('unknown', 'other', bytes))).toMatchObject({ status: 400 });
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(await readdir(`${root.path}/uploads`)).toEqual([]);
  expect(await readdir(candidate.path)).toEqual(['meta.json']);
});

test.each([20_000, 200_000])(
  'a form of %i bytes whose end the parser never sees is answered soon all the same',
  async (size) => {
    const body = `--x\r\n\r\n${'x'.repeat(size)}\r\n--x--\r\n`;
    const headers = { 'Content-Type': 'multipart/form-data; boundary=x' };
    // Sooner than a silent sender, who has 30 s.
    const signal = AbortSignal.timeout(10_000);
    const response = await fetch(`${server.url}/api/upload-one`, { method: 'POST', headers, body, signal });
    expect(await refusalOf(response)).toMatchObject({ status: 400, code: 'invalid-multipart' });
  },
);
