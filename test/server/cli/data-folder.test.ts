/** A data folder has one server and private files, and the server's log has no secrets. */
import { readdir, stat } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openCandidate } from '../../support/server/candidate.ts';
import { spawnServer, startSession, type TestServer, temporaryFolder, tresgo } from '../../support/server/server.ts';
import { openRequest } from '../../support/tus/raw-connection.ts';
import { createTusClient, recording, until } from '../../support/tus/tus.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer;
beforeEach(async () => {
  root = await temporaryFolder();
  server = await spawnServer({ dataDir: root.path, env: { TRESGO_LOG_LEVEL: 'debug' } });
});
afterEach(async () => {
  await server.stop();
  await root.remove();
});

const formHead = (token: string, folder: string) =>
  `${Object.entries({ token, folder, questionIndex: '1' })
    .map(([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('')}--x\r\nContent-Disposition: form-data; name="video"; filename="a"\r\n\r\n`;

test('a second server on the folder is refused in one line, and uploads to the first one continue', async () => {
  const { token, folder, path } = await openCandidate(server, 'Anna');
  const [head, bytes, tail] = [formHead(token, folder), recording(100_000), '\r\n--x--\r\n'];
  const live = await openRequest(server.url, [
    'POST /api/upload-one HTTP/1.1',
    'Content-Type: multipart/form-data; boundary=x',
    `Content-Length: ${head.length + bytes.length + tail.length}`,
  ]);
  await live.write(Buffer.concat([Buffer.from(head), bytes.subarray(0, 50_000)]));
  await until(async () => (await readdir(`${root.path}/uploads`)).length === 1);
  const serve = (port: number) => tresgo(['serve', '--data-dir', root.path], { PORT: String(port) });
  expect(await serve(0)).toEqual({
    status: 1,
    stdout: '',
    stderr: `tresgo: another server uses the data folder ${root.path}: stop it, or choose another with --data-dir\n`,
  });
  expect((await serve(server.port)).stderr).toMatch(/^tresgo: port \d+ is taken/);
  await live.write(Buffer.concat([bytes.subarray(50_000), Buffer.from(tail)]));
  expect(await live.status).toBe(200);
  live.socket.destroy();
  expect((await readdir(path)).sort()).toEqual(['Q1.webm', 'meta.json']);
  // Commands may run beside the server.
  expect((await tresgo(['session', 'list', '--data-dir', root.path])).status).toBe(0);
  // The folder is free after the server's end, however the server ended.
  await server.stop('SIGKILL');
  server = await spawnServer({ dataDir: root.path });
});

test('only their owner can read the catalog and the lock, also while the catalog is open', async () => {
  await startSession(server.url, (await openCandidate(server, 'Anna')).token, 'Anna');
  const files = (await readdir(root.path)).filter((name) => /^(tresgo\.db|server\.lock)/.test(name));
  expect(files.sort()).toEqual(['server.lock', 'tresgo.db', 'tresgo.db-shm', 'tresgo.db-wal']);
  for (const name of files) expect([name, (await stat(`${root.path}/${name}`)).mode & 0o777]).toEqual([name, 0o600]);
});

test('the log of a whole session, with refusals and cuts, has neither tokens nor names', async () => {
  const name = 'Zebulon Quartermaine';
  const { token, folder } = await openCandidate(server, name);
  const tus = createTusClient({ url: server.url, token, folder });
  const post = (path: string, body: unknown) =>
    fetch(server.url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
  await post(`/api/verify-token?token=${token}`, { token });
  await post('/api/session/start', { token, userName: 'Somebody Else' });
  await post('/api/session/start', `{"token": "${token}", `);
  await post('/api/session/start', { token: `${token}-wrong`, userName: name });
  for (let question = 1; question <= 4; question++) await tus.send(recording(1_000), { question });
  await tus.patch(await tus.begin(), 0, new Uint8Array(Buffer.from('no recording')));
  const cut = await tus.openPatch(`${await tus.begin()}`, 0, 10_000);
  cut.socket.end(recording(100));
  await cut.status;
  const form = new FormData();
  for (const [key, value] of Object.entries({ token, folder, questionIndex: '5' })) form.append(key, value);
  form.append('video', new Blob([recording(1_000)]));
  expect((await post('/api/session/finish', { token, folder, questionsCount: 5 })).status).toBe(409);
  expect((await fetch(`${server.url}/api/upload-one`, { method: 'POST', body: form })).status).toBe(200);
  expect((await post('/api/session/finish', { token, folder, questionsCount: 5 })).status).toBe(200);
  await until(() => server.stderr().includes('"path":"/api/session/finish","status":200'));
  for (const secret of [token, encodeURIComponent(token), Buffer.from(token).toString('base64'), name])
    expect(server.stderr()).not.toContain(secret);
  // A candidate that disconnects is no error.
  expect(server.stderr()).not.toMatch(/"level":[56]0/);
});
