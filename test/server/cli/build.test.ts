/** The launcher in a checkout that belongs to somebody else. */
import { spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../support/server/server.ts';

const sources = path.resolve(import.meta.dirname, '../../../server/cli');

test('sources newer than the build, in a folder of another owner: one line says who is to build', async () => {
  const { path: root, remove } = await temporaryFolder();
  onTestFinished(remove);
  const folder = `${root}/server/cli`;
  await mkdir(folder, { recursive: true });
  for (const name of ['bin.mjs', 'build.mjs']) await copyFile(`${sources}/${name}`, `${folder}/${name}`);
  await chmod(root, 0o555);
  onTestFinished(() => chmod(root, 0o755));
  const other = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${folder}/bin.mjs`, 'token', 'list'], {
    encoding: 'utf8',
    ...other,
  });
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr.trimEnd().split('\n')).toEqual([
    'Building TresGo (a few seconds, once) …',
    `tresgo: the build in ${root} is missing or older than its sources, and you may not write there: run "npm run build" as its owner`,
  ]);
});
