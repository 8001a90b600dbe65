/** The log can't be written, or nobody reads it: the server records as if nothing were wrong with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { testUnless } from '../support/needs.ts';
import { openCandidate } from '../support/server/candidate.ts';
import { mountObstacle, openTmpfs } from '../support/server/loop-disk.ts';
import { temporaryFolder } from '../support/server/server.ts';
import { recording, refusalOf, reprDigest, until } from '../support/tus/tus.ts';

const launcher = path.resolve(import.meta.dirname, '../../server/cli/bin.mjs');
const testWithMounts = testUnless(await mountObstacle());
const empty = new Uint8Array();

/** Starts the built server with standard error at a descriptor, or a pipe that nobody reads. */
async function serveWithLogAt(log: number | 'pipe', dataDir: string, env: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, [launcher, 'serve', '--json', '--data-dir', dataDir], {
    env: { ...process.env, PORT: '0', TRESGO_MIN_FREE_BYTES: '0', TRESGO_FFMPEG: '/nonexistent/ffmpeg', ...env },
    stdio: ['ignore', 'pipe', log],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  let printed = '';
  child.stdout?.on('data', (text) => (printed += text));
  await until(() => printed.trimEnd().endsWith('}') || child.exitCode !== null, 20_000);
  const { url } = JSON.parse(printed) as { url: string };
  return { url, dataDir, child, exited };
}

/** Opens a file for writing until the end of the test. */
function openForTest(file: string): number {
  const descriptor = openSync(file, 'a');
  onTestFinished(() => closeSync(descriptor));
  return descriptor;
}

/** A session from its log-in to its finish, and requests that make the server write errors on the way. */
async function recordSession(server: { url: string; dataDir: string }, name = 'Anna'): Promise<void> {
  const candidate = await openCandidate(server, name);
  const tus = candidate.tus(server);
  for (let question = 1; question <= 5; question++) {
    const bytes = recording(1_000);
    const last = await tus.send(bytes, { question });
    expect([last.status, last.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
  }
  const finish = await fetch(`${server.url}/api/session/finish`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: candidate.token, folder: candidate.folder, questionsCount: 5 }),
  });
  expect([finish.status, await finish.json()]).toEqual([200, { ok: true }]);
}

async function expectEnds({ child, exited }: Awaited<ReturnType<typeof serveWithLogAt>>): Promise<void> {
  const startedAt = performance.now();
  child.kill('SIGTERM');
  await exited;
  expect(child.exitCode).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(3_000);
}

test.runIf(process.platform === 'linux')(
  'standard error at /dev/full: a whole session, and an orderly end',
  async () => {
    const { path: dataDir, remove } = await temporaryFolder();
    onTestFinished(remove);
    const server = await serveWithLogAt(openForTest('/dev/full'), dataDir, { TRESGO_LOG_LEVEL: 'debug' });
    await recordSession(server);
    await expectEnds(server);
  },
);

test('a pipe that nobody reads: it serves on, and ends in order', async () => {
  const { path: dataDir, remove } = await temporaryFolder();
  onTestFinished(remove);
  const server = await serveWithLogAt('pipe', dataDir, { TRESGO_LOG_LEVEL: 'debug' });
  // More lines than a pipe and the server's buffer hold.
  for (let round = 0; round < 100; round++)
    await Promise.all(Array.from({ length: 10 }, () => fetch(`${server.url}/${'x'.repeat(2_000)}`)));
  await recordSession(server);
  await expectEnds(server);
});

testWithMounts(
  'the log’s own disk is full: a whole session, a restart, and the rest of the log once there is room',
  async () => {
    const { path: dataDir, remove } = await temporaryFolder();
    onTestFinished(remove);
    const disk = await openTmpfs(64 << 10);
    onTestFinished(() => disk.close());
    await writeFile(`${disk.path}/ballast`, Buffer.alloc(64 << 10)).catch(() => {});
    const log = openForTest(`${disk.path}/server.log`);
    const first = await serveWithLogAt(log, dataDir, { TRESGO_LOG_LEVEL: 'debug' });
    await recordSession(first);
    await expectEnds(first);
    const second = await serveWithLogAt(log, dataDir, { TRESGO_LOG_LEVEL: 'debug' });
    await recordSession(second, 'Binh');
    await rm(`${disk.path}/ballast`);
    await until(async () => (await readFile(`${disk.path}/server.log`, 'utf8')).includes('/api/session/finish'));
    await expectEnds(second);
  },
  60_000,
);

testWithMounts('log and data on one full disk: every request is 507, and goes on when there is room', async () => {
  const disk = await openTmpfs(12 << 20);
  onTestFinished(() => disk.close());
  const log = openForTest(`${disk.path}/server.log`);
  const server = await serveWithLogAt(log, `${disk.path}/data`);
  const candidate = await openCandidate(server, 'Anna');
  const tus = candidate.tus(server);
  const bytes = recording(300_000);
  const location = await tus.begin();
  expect((await tus.patch(location, 0, bytes.subarray(0, 100_000))).status).toBe(204);
  const { bavail, bsize } = await statfs(disk.path);
  await writeFile(`${disk.path}/ballast`, Buffer.alloc(bavail * bsize));
  const sizeBefore = (await readFile(`${disk.path}/server.log`)).length;
  for (let round = 0; round < 20; round++) {
    const responses = await Promise.all([
      tus.patch(location, 100_000, bytes.subarray(100_000)),
      tus.create({ question: 2 }),
      fetch(`${server.url}/api/session/start`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ token: candidate.token, userName: 'Anna' }),
      }),
    ]);
    const [patched, created, started] = await Promise.all(
      responses.map(async (response) => (response.ok ? { status: 200 } : refusalOf(response))),
    );
    expect([patched, created]).toMatchObject(Array(2).fill({ status: 507, code: 'disk-full' }));
    expect([200, 503, 507]).toContain(started?.status);
  }
  await rm(`${disk.path}/ballast`);
  expect((await tus.patch(location, 100_000, bytes.subarray(100_000))).status).toBe(204);
  const last = await tus.patch(location, 300_000, empty, { length: 300_000 });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
  const text = await readFile(`${disk.path}/server.log`, 'utf8');
  expect(text.length - sizeBefore).toBeLessThan(5_000);
  const lines = text.trimEnd().split('\n');
  for (const line of lines) if (!line.startsWith('made a new data folder ')) JSON.parse(line);
  await expectEnds(server);
});
