/** `npm run dev` on a copy of the sources: what an editor saves is seen in the browser, and nothing runs on afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startSession, temporaryFolder } from '../support/server/server.ts';
import { createTusClient, recording, until } from '../support/tus/tus.ts';
import { expect, test } from './fixtures.ts';

const root = path.resolve(import.meta.dirname, '../..');
const COPIED = [
  'client',
  'server',
  'storage',
  'package.json',
  'tsconfig.json',
  'vite.config.ts',
  'vite.server.config.ts',
];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let dev: ChildProcess;
let printed: string;

test.beforeEach(async () => {
  folder = await temporaryFolder();
  for (const name of COPIED) await cp(path.join(root, name), path.join(folder.path, name), { recursive: true });
  await symlink(path.join(root, 'node_modules'), path.join(folder.path, 'node_modules'));
  printed = '';
  // A process group of its own, as a terminal gives it one: the group is empty once all of its processes have ended.
  dev = spawn(process.execPath, ['server/cli/dev.mjs', '--data-dir', `${folder.path}/data`], {
    cwd: folder.path,
    env: { ...process.env, PORT: '0', TRESGO_MIN_FREE_BYTES: '0' },
    detached: true,
  });
  for (const stream of [dev.stdout, dev.stderr]) stream?.on('data', (text) => (printed += text));
  await until(() => printed.includes('(good for 24 hours)\n') || dev.exitCode !== null, 60_000);
});
test.afterEach(async () => {
  if (groupRuns()) process.kill(-(dev.pid as number), 'SIGKILL');
  await folder.remove();
});

function groupRuns(): boolean {
  try {
    process.kill(-(dev.pid as number), 0);
    return true;
  } catch {
    return false;
  }
}

async function edit(file: string, from: string, to: string): Promise<void> {
  const name = path.join(folder.path, file);
  const text = await readFile(name, 'utf8');
  expect(text).toContain(from);
  await writeFile(name, text.replace(from, to));
}

test('a word, a style and a line of the server are in use soon after they are saved; Ctrl-C ends every process', async ({
  page,
}) => {
  const [, link = '', url = '', token = ''] = printed.match(/^ {2}((http:\/\/127\.0\.0\.1:\d+)\/#t=(\S+))$/m) ?? [];
  expect(link, printed).not.toBe('');
  await page.goto(link);
  const title = page.getByRole('heading', { level: 1 });
  await expect(title).toHaveText('Welcome to your interview');
  expect(await page.evaluate(() => navigator.serviceWorker.getRegistrations().then(({ length }) => length))).toBe(0);

  await edit('client/i18n/login/en.ts', 'Welcome to your interview', 'Welcome, a word was changed');
  await expect(title).toHaveText('Welcome, a word was changed');
  await edit('client/pages/style/login.css', '.login {', '.login h1 {\n  color: rgb(1, 2, 3);\n}\n.login {');
  await expect(title).toHaveCSS('color', 'rgb(1, 2, 3)');

  // The API and the tus endpoint are behind the same address, and their data outlives a new start of the server.
  const session = await startSession(url, decodeURIComponent(token), 'Demo Candidate');
  const tus = createTusClient({ url, token: decodeURIComponent(token), folder: session });
  const bytes = recording(200_000);
  const location = await tus.begin();
  expect((await tus.patch(location, 0, bytes.subarray(0, 120_000))).status).toBe(204);
  await edit('server/routes/health.ts', 'ok: true', "ok: true, edited: 'yes'");
  const health = () => fetch(`${url}/healthz`).then((response) => response.text());
  await expect.poll(health).toContain('"edited":"yes"');
  expect((await tus.head(location)).headers.get('upload-offset')).toBe('120000');

  const exited = once(dev, 'exit');
  process.kill(-(dev.pid as number), 'SIGINT');
  expect(await exited).toEqual([0, null]);
  // A program that the server was asking for its abilities ends with the server, not before it.
  await until(() => !groupRuns());
  await expect(fetch(url)).rejects.toThrow();
});

test('the server ends with a first process that is killed', async () => {
  dev.kill('SIGKILL');
  await once(dev, 'exit');
  await until(() => !groupRuns());
});
