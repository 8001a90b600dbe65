/** What root makes in a data folder belongs to the folder's owner, and files of another user are named with the cure. */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inThisProcess } from '../../support/server/in-this-process.ts';
import { spawnServer, startSession, temporaryFolder } from '../../support/server/server.ts';
import { createTusClient, recording } from '../../support/tus/tus.ts';

const SERVICE = 1234;
const isRoot = process.geteuid?.() === 0;
const launcher = path.resolve(import.meta.dirname, '../../../server/cli/bin.mjs');

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let dataDir: string;
beforeEach(async () => {
  root = await temporaryFolder();
  await chmod(root.path, 0o755);
  dataDir = `${root.path}/data`;
});
afterEach(() => root.remove());

/** Runs `tresgo …` as the service's user. */
const asService = (...args: string[]) =>
  promisify(execFile)(process.execPath, [launcher, ...args, '--data-dir', dataDir], {
    uid: SERVICE,
    gid: SERVICE,
  }).then(
    ({ stdout, stderr }) => ({ status: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ status: code as number, stdout: String(stdout), stderr: String(stderr) }),
  );

async function ownersBelow(folder: string): Promise<Record<string, number>> {
  const names = await readdir(folder, { recursive: true });
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await stat(path.join(folder, name))).uid] as const)),
  );
}

test.skipIf(!isRoot)('what root makes is left to the owner of the data folder', { timeout: 90_000 }, async () => {
  await mkdir(dataDir);
  await chown(dataDir, SERVICE, SERVICE);
  const made = await inThisProcess(['token', 'create', '--name', 'Anna', '--json', '--data-dir', dataDir]);
  const { token } = JSON.parse(made.stdout) as { token: string };
  const server = await spawnServer({ dataDir });
  try {
    const folder = await startSession(server.url, token, 'Anna');
    const tus = createTusClient({ url: server.url, token, folder });
    await tus.send(recording(500));
    await tus.send(recording(600));
    await tus.patch(await tus.begin({ question: 2 }), 0, recording(200));
  } finally {
    await server.stop('SIGTERM');
  }
  const owners = await ownersBelow(dataDir);
  expect(Object.keys(owners)).toEqual(expect.arrayContaining(['tresgo.db', 'server.lock', 'sessions', 'uploads']));
  expect(Object.entries(owners).filter(([, uid]) => uid !== SERVICE)).toEqual([]);
  expect(await asService('check')).toMatchObject({ status: 0 });

  // A backup of root's own, restored into a folder of the service.
  expect((await inThisProcess(['backup', '--out', `${root.path}/out`, '--data-dir', dataDir])).status).toBe(0);
  dataDir = `${root.path}/again`;
  await mkdir(dataDir);
  await chown(dataDir, SERVICE, SERVICE);
  expect((await inThisProcess(['restore', `${root.path}/out`, '--data-dir', dataDir])).status).toBe(0);
  expect(Object.entries(await ownersBelow(dataDir)).filter(([, uid]) => uid !== SERVICE)).toEqual([]);
});

test.skipIf(!isRoot)(
  'a data folder of root is refused to the service with the file, its owner and the cure',
  async () => {
    await inThisProcess(['token', 'create', '--name', 'Anna', '--data-dir', dataDir]);
    await chmod(dataDir, 0o755);
    const refused = await asService('serve');
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^tresgo: the data folder .* can't be used \(E\w+\): .* belongs to root, and this process runs as 1234 \(uid 1234\): run, as root, {2}chown -R 1234: .*\n$/,
    );
    await chown(dataDir, SERVICE, SERVICE);
    expect((await asService('token', 'create', '--name', 'B')).stderr).toMatch(/\/data\/\S+ belongs to root/);
  },
);
