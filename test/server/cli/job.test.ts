/** `tresgo job …` */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Job } from '../../../storage/types.ts';
import { inThisProcess } from '../../support/server/in-this-process.ts';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { recording } from '../../support/tus/tus.ts';

let session: StorageSession;
let args: string[];
beforeEach(async () => {
  session = await openStorageSession();
  args = ['--data-dir', session.dataDir];
});
afterEach(() => session.close());

const list = async (...more: string[]): Promise<Job[]> =>
  JSON.parse((await inThisProcess(['job', 'list', '--json', ...more, ...args])).stdout) as Job[];

test('jobs are listed, and dead jobs start again when asked to', async () => {
  expect((await inThisProcess(['job', 'list', ...args])).stdout).toBe('No jobs.\n');
  await session.storage.finish(await session.whole(recording(500), 1));
  const owner = 'test';
  const job = await session.storage.jobs.lease(['remux'], owner, 60_000);
  await session.storage.jobs.end(job as Job, owner, { state: 'dead', reason: 'it can’t be read' });
  const { stdout } = await inThisProcess(['job', 'list', ...args]);
  expect(stdout).toMatch(/^ID +KIND +SESSION .*\n1 +remux +\S+_anna_parker +1 +dead +0 % +1 +it can’t be read\n$/);
  expect(await list('--state', 'queued')).toEqual([]);
  expect(await list('--state', 'dead')).toMatchObject([{ id: 1, reason: 'it can’t be read' }]);
  expect(JSON.stringify(await list())).not.toContain('owner');

  expect((await inThisProcess(['job', 'retry', '1', ...args])).status).toBe(0);
  expect(await list()).toMatchObject([{ id: 1, state: 'queued', attempts: 0, reason: null }]);
  expect((await inThisProcess(['job', 'retry', '--dead', ...args])).stdout).toBe('Nothing was given up.\n');
  for (const [wrong, status, said] of [
    [['job', 'retry'], 2, /say which: an id from "tresgo job list", or --dead/],
    [['job', 'retry', '7'], 1, /there is no job 7: "tresgo job list" shows them/],
    [['job', 'retry', 'x'], 2, /It takes a number/],
    [['job', 'list', '--state', 'lost'], 2, /queued, running, done, dead/],
  ] as const) {
    const refused = await inThisProcess([...wrong, ...args]);
    expect(refused.status, wrong.join(' ')).toBe(status);
    expect(refused.stderr).toMatch(said);
    expect(refused.stdout).toBe('');
  }
});
