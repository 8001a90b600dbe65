/** What signals do to a server that npm, npx or the kernel started: nothing is lost, and no process is left. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { testUnless } from '../../support/needs.ts';
import { openCandidate } from '../../support/server/candidate.ts';
import { makeCertificate } from '../../support/server/certificate.ts';
import { spawnServer, temporaryFolder } from '../../support/server/server.ts';
import { recording, until } from '../../support/tus/tus.ts';

const project = path.resolve(import.meta.dirname, '../../..');

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let dataDir: string;
beforeEach(async () => {
  root = await temporaryFolder();
  dataDir = `${root.path}/data`;
});
afterEach(() => root.remove());

/** Starts a server by a command line. Its processes are a group of their own, which the end of the test kills. */
async function start(command: string, args: string[]): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(command, args, {
    cwd: project,
    detached: true,
    env: {
      ...process.env,
      PORT: '0',
      TRESGO_DATA_DIR: dataDir,
      TRESGO_MIN_FREE_BYTES: '0',
      TRESGO_FFMPEG: '/nonexistent/ffmpeg',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // The group has ended.
    }
  });
  let printed = '';
  child.stdout?.on('data', (text) => (printed += text));
  child.stderr?.on('data', (text) => (printed += text));
  await until(() => /TresGo listens on \S+,/.test(printed), 25_000);
  return { child, url: printed.match(/TresGo listens on (\S+),/)?.[1] ?? '' };
}

/** Whether a server still accepts connections. */
const listens = (url: string) =>
  fetch(`${url}/healthz`).then(
    () => true,
    () => false,
  );

/** Signals a server with a PATCH in progress: the PATCH gets 503, its bytes are kept, and no process is left. */
async function expectStops(url: string, child: ChildProcess, signal: () => void): Promise<void> {
  const candidate = await openCandidate({ url, dataDir }, 'Anna');
  const tus = candidate.tus({ url });
  const location = await tus.begin();
  const live = await tus.openPatch(location, 0, 100_000);
  await live.write(recording(100_000).subarray(0, 60_000));
  await until(async () => (await readFile(candidate.uploadFile(location))).length === 60_000);
  const exited = child.exitCode === null ? once(child, 'exit') : null;
  signal();
  expect(await live.status).toBe(503);
  await exited;
  await until(async () => !(await listens(url)), 5_000);
  await until(() => isGroupGone(child.pid as number), 5_000);
  const server = await spawnServer({ dataDir });
  onTestFinished(() => server.stop());
  expect((await candidate.tus(server).head(location)).headers.get('upload-offset')).toBe('60000');
}

function isGroupGone(group: number): boolean {
  try {
    process.kill(-group, 0);
    return false;
  } catch {
    return true;
  }
}

test('npm start: SIGTERM to npm alone ends the server with it', async () => {
  const { child, url } = await start('npm', ['start']);
  await expectStops(url, child, () => child.kill('SIGTERM'));
});

test('npx tresgo serve: SIGTERM to npx alone ends the server, too', async () => {
  const { child, url } = await start('npx', ['tresgo', 'serve']);
  await expectStops(url, child, () => child.kill('SIGTERM'));
});

const unshare = ['--pid', '--fork', '--mount-proc', '--kill-child'];
/** Why this machine can't make a first process of its own. */
function namespaceObstacle(): string | null {
  try {
    execFileSync('unshare', [...unshare, 'true'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `no namespace of processes: ${(error as Error).message}`;
  }
}

testUnless(namespaceObstacle())(
  'npm start as the first process of a container: SIGTERM is an orderly end',
  async () => {
    const { child, url } = await start('unshare', [...unshare, 'npm', 'start']);
    const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
    await expectStops(url, child, () => process.kill(Number(children.trim()), 'SIGTERM'));
  },
);

test('SIGHUP reads the certificate anew; an unusable one leaves the old one in use; the server goes on', async () => {
  const env = await makeCertificate(root.path);
  const server = await spawnServer({ dataDir, env });
  onTestFinished(() => server.stop());
  const served = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      }).on('error', reject);
    });
  const first = await served();
  await mkdir(`${root.path}/next`);
  const next = await makeCertificate(`${root.path}/next`);
  for (const name of ['TRESGO_TLS_CERT', 'TRESGO_TLS_KEY']) await copyFile(next[name] ?? '', env[name] ?? '');
  expect(await served()).toBe(first);
  server.process.kill('SIGHUP');
  await until(() => server.stderr().includes('read anew'));
  const second = await served();
  expect(second).not.toBe(first);
  await writeFile(env.TRESGO_TLS_CERT ?? '', 'no certificate');
  server.process.kill('SIGHUP');
  await until(() => server.stderr().includes('so the old one stays'));
  expect(await served()).toBe(second);
  expect(server.process.exitCode).toBe(null);
});

test('SIGHUP without a certificate does nothing', async () => {
  const server = await spawnServer({ dataDir });
  onTestFinished(() => server.stop());
  server.process.kill('SIGHUP');
  for (let round = 0; round < 3; round++) expect(await listens(server.url)).toBe(true);
  expect([server.process.exitCode, server.process.signalCode]).toEqual([null, null]);
});

test('a terminal that is closed ends npm, and the server goes on', async () => {
  const { child, url } = await start('npx', ['tresgo', 'serve']);
  const exited = once(child, 'exit');
  process.kill(-(child.pid as number), 'SIGHUP');
  await exited;
  const startedAt = performance.now();
  while (performance.now() - startedAt < 1_000) expect(await listens(url)).toBe(true);
});
