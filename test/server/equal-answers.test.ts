/** Answers by `upload-one` that meet: equal ones are one, and the name told is always that of the answer that counts. */
import { readdir } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { openApp, type TestApp } from '../support/server.ts';
import { openRequest, openSitting, recording, type Sitting, until } from '../support/tus.ts';

let app: TestApp;
afterEach(() => app.close());

async function open(keepTakes: boolean): Promise<Sitting> {
  app = await openApp();
  const { get } = app.storage.interviews;
  app.storage.interviews.get = async (slug) => {
    const interview = await get(slug);
    return interview && { ...interview, keepTakes };
  };
  return openSitting(app, 'Anna');
}

function send({ token, folder }: Sitting, bytes: Uint8Array<ArrayBuffer>): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ token, folder, questionIndex: '1' })) form.append(name, value);
  form.append('video', new Blob([bytes]));
  return fetch(`${app.url}/api/upload-one`, { method: 'POST', body: form });
}

test('equal bytes sent several times at once are one answer', async () => {
  const sitting = await open(true);
  const bytes = recording(300_000);
  const answers = await Promise.all(Array.from({ length: 4 }, () => send(sitting, bytes)));
  for (const response of answers)
    expect([response.status, await response.json()]).toEqual([200, { ok: true, savedAs: 'Q1.webm' }]);
  expect((await readdir(sitting.path)).sort()).toEqual(['Q1.webm', 'meta.json']);
  const session = await app.storage.sessions.getByFolder(sitting.folder);
  expect(await app.storage.takes.list(session?.id ?? '')).toHaveLength(1);
  expect(await readdir(`${app.dataDir}/uploads`)).toEqual([]);
});

test.each([true, false])('an answer overtaken by a later one is told the one that counts (kept: %s)', async (kept) => {
  const sitting = await open(kept);
  const { token, folder } = sitting;
  const head = `${Object.entries({ token, folder, questionIndex: '1' })
    .map(([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('')}--x\r\nContent-Disposition: form-data; name="video"; filename="a"\r\n\r\n`;
  const [bytes, tail] = [recording(10_000), '\r\n--x--\r\n'];
  const slow = await openRequest(app.url, [
    'POST /api/upload-one HTTP/1.1',
    'Content-Type: multipart/form-data; boundary=x',
    `Content-Length: ${head.length + bytes.length + tail.length}`,
  ]);
  let answered = '';
  slow.socket.on('data', (text) => (answered += text));
  await slow.write(Buffer.concat([Buffer.from(head), bytes.subarray(0, 5_000)]));
  await until(async () => (await readdir(`${app.dataDir}/uploads`)).length === 1);
  expect((await send(sitting, recording(200))).status).toBe(200);
  await slow.write(Buffer.concat([bytes.subarray(5_000), Buffer.from(tail)]));
  expect(await slow.status).toBe(200);
  await until(() => answered.includes('}'));
  slow.socket.destroy();
  expect(answered).toContain('"savedAs":"Q1.webm"');
  expect(await readdir(sitting.path)).toEqual(expect.arrayContaining(['Q1.webm', 'meta.json']));
  expect((await readdir(sitting.path)).includes('takes')).toBe(kept);
});
