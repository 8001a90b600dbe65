/** The power is cut while uploads are fed: only synced bytes remain, and every promise still holds. */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect } from 'vitest';
import { testUnless } from '../support/needs.ts';
import { createRandom, scale, seed } from '../support/scale.ts';
import { openCandidate } from '../support/server/candidate.ts';
import { type LoopDisk, mountObstacle, openLoopDisk } from '../support/server/loop-disk.ts';
import { spawnServer, type TestServer } from '../support/server/server.ts';
import { attachStrace, threadsOf } from '../support/server/strace.ts';
import { until } from '../support/tus/tus.ts';
import { createFeed, type Feed } from './upload-feed.ts';
import { checkMetas } from './upload-ledger.ts';

const CUTS = scale(10, 200);
const CUTS_A_SESSION = 10;
const MOST_STEPS = 60;
const DISK_BYTES = 256 << 20;

const random = createRandom();
let disk: LoopDisk;
let server: TestServer | undefined;
const test = testUnless(await mountObstacle());
beforeEach(async () => {
  console.log(`power-cut: TRESGO_SEED=${seed}`);
  disk = await openLoopDisk(DISK_BYTES);
});
afterEach(async () => {
  await server?.stop();
  await disk.close();
});

const dataDir = () => `${disk.path}/data`;
const start = () => spawnServer({ dataDir: dataDir() });

/** Feeds for `steps` steps, and cuts the power up to 5 ms later. */
async function feedAndCut(feed: Feed, victim: TestServer, steps: number): Promise<void> {
  let ended = false;
  const fed = feed.run(victim, () => ended);
  const moment = feed.counts.steps + steps;
  await Promise.race([fed, until(() => feed.counts.steps >= moment, 30_000, 1)]);
  await pause(random() * 5);
  victim.process.kill('SIGSTOP');
  await until(() => isStopped(victim.pid));
  ended = true;
  await disk.cut(() => victim.stop('SIGKILL'));
  await fed;
}

/** Whether all threads are stopped: T, or t where strace holds them. */
async function isStopped(pid: number): Promise<boolean> {
  const stats = (await threadsOf(pid)).map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8'));
  return (await Promise.all(stats)).every((stat) => /\) [Tt] /.test(stat));
}

test(`${CUTS} power cuts: no acknowledged byte is lost, nothing is doubled`, { timeout: CUTS * 15_000 }, async () => {
  const counts = { patches: 0, bytes: 0, answers: 0 };
  let cuts = 0;
  for (let session = 0; cuts < CUTS; session++) {
    server ??= await start();
    const feed = createFeed(await openCandidate(server, `Anna ${session}`), random);
    for (const last = Math.min(CUTS, cuts + CUTS_A_SESSION); cuts < last; cuts++) {
      await feedAndCut(feed, server, random() * MOST_STEPS);
      expect(await checkMetas(dataDir()), `after cut ${cuts + 1}`).toEqual([]);
      server = await start();
      expect(await feed.check(server), `after cut ${cuts + 1}`).toEqual([]);
    }
    expect(await feed.complete(server)).toEqual([]);
    for (const key of Object.keys(counts) as Array<keyof typeof counts>) counts[key] += feed.counts[key];
  }
  console.log(`power-cut: ${cuts} cuts, ${JSON.stringify(counts)} told, 0 acknowledged bytes lost`);
  expect(counts.answers).toBeGreaterThan(0);
  expect(counts.patches).toBeGreaterThan(CUTS);
});

test('the control: where sync does nothing, a cut loses data, and the same check finds that', async () => {
  server = await start();
  const feed = createFeed(await openCandidate(server, 'Anna'), random);
  const calls = 'fsync,fdatasync,sync_file_range';
  const options = ['-e', `trace=${calls}`, '-e', `inject=${calls}:retval=0`];
  const tracer = await attachStrace(await threadsOf(server.pid), options);
  await feedAndCut(feed, server, MOST_STEPS);
  await tracer.detach();
  expect(tracer.output()).toContain('= 0 (INJECTED)');

  const broken = await start().then(
    (after) => {
      server = after;
      return feed.check(after);
    },
    (error: Error) => [error.message],
  );
  console.log(`power-cut, the control: ${broken.length} promises broken, like: ${broken[0]}`);
  expect(broken.length).toBeGreaterThan(0);
});
