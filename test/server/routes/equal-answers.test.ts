/** Answers sent by `upload-one` at the same time: equal ones are one, and the response names the answer that counts. */
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { silentLog } from '../../support/server/server.ts';
import { type AppFixture, openAppInTest } from '../../support/server/use-app.ts';
import { openRequest } from '../../support/tus/raw-connection.ts';
import { type OpenSession, openSession, recording, until } from '../../support/tus/tus.ts';

let app: AppFixture;

async function open(keepTakes: boolean): Promise<OpenSession> {
  app = await openAppInTest();
  const { get } = app.storage.interviews;
  app.storage.interviews.get = async (slug) => {
    const interview = await get(slug);
    return interview && { ...interview, keepTakes };
  };
  return openSession(app);
}

function send({ token, folder }: OpenSession, bytes: Uint8Array<ArrayBuffer>): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ token, folder, questionIndex: '1' })) form.append(name, value);
  form.append('video', new Blob([bytes]));
  return fetch(`${app.url}/api/upload-one`, { method: 'POST', body: form });
}

test('equal bytes sent several times at once are one answer', async () => {
  const session = await open(true);
  const bytes = recording(300_000);
  const answers = await Promise.all(Array.from({ length: 4 }, () => send(session, bytes)));
  for (const response of answers)
    expect([response.status, await response.json()]).toEqual([200, { ok: true, savedAs: 'Q1.webm' }]);
  expect((await readdir(session.path)).sort()).toEqual(['Q1.webm', 'meta.json']);
  const entry = await app.storage.sessions.getByFolder(session.folder);
  expect(await app.storage.takes.list(entry?.id ?? '')).toHaveLength(1);
  expect(await readdir(`${app.dataDir}/uploads`)).toEqual([]);
});

test.each([true, false])(
  'the response to an answer that a later one overtook names the one that counts (kept: %s)',
  async (kept) => {
    const session = await open(kept);
    const { token, folder } = session;
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
    expect((await send(session, recording(200))).status).toBe(200);
    await slow.write(Buffer.concat([bytes.subarray(5_000), Buffer.from(tail)]));
    expect(await slow.status).toBe(200);
    await until(() => answered.includes('}'));
    slow.socket.destroy();
    expect(answered).toContain('"savedAs":"Q1.webm"');
    expect(await readdir(session.path)).toEqual(expect.arrayContaining(['Q1.webm', 'meta.json']));
    expect((await readdir(session.path)).includes('takes')).toBe(kept);
  },
);

test('equal bytes that somebody else finishes first are to be sent again, which is no error of the server', async () => {
  const errors: object[] = [];
  app = await openAppInTest({ log: { ...silentLog, error: (details) => void errors.push(details) } });
  const session = await openSession(app);
  const bytes = recording(200);
  await send(session, bytes);
  const { finish } = app.storage;
  app.storage.finish = async (id) => {
    // As the sweep does, or the end of the session.
    await finish(id);
    return finish(id);
  };
  const late = await send(session, bytes);
  expect([late.status, errors]).toEqual([503, []]);
  app.storage.finish = finish;
  expect(await (await send(session, bytes)).json()).toEqual({ ok: true, savedAs: 'Q1.webm' });
});

test('an answer in whose place a later one is just being put is told by the name that counts in the end', async () => {
  const session = await open(true);
  const { finish, locks, takes } = app.storage;
  let onRequested = () => {};
  const requested = new Promise<void>((resolve) => {
    onRequested = resolve;
  });
  let end = async () => {};
  app.storage.finish = async (id) => {
    const done = await finish(id);
    // The middle of placing a later take: this one counts no more, and that one does not count yet.
    const release = await locks.acquire(`session:${done?.sessionId}`, { onRequested });
    await takes.update(id, { fileName: 'takes/Q1-1.webm' });
    end = async () => {
      await takes.update(id, { fileName: 'Q1.webm' });
      release?.();
    };
    return done;
  };
  const sent = send(session, recording(200));
  await Promise.race([requested, sent]);
  await end();
  expect([(await sent).status, await (await sent).json()]).toEqual([200, { ok: true, savedAs: 'Q1.webm' }]);
});
