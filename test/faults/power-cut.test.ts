/** The power is cut while uploads are fed: only what was synced is left, and every promise still holds. */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect } from 'vitest';
import { type LoopDisk, mountObstacle, openLoopDisk } from '../support/loop-disk.ts';
import { testUnless } from '../support/needs.ts';
import { createRandom, scale, seed } from '../support/scale.ts';
import { spawnServer, type TestServer } from '../support/server.ts';
import { attachStrace, threadsOf } from '../support/strace.ts';
import { until } from '../support/tus.ts';
import { openCandidate } from './candidate.ts';
import { createFeed, type Feed } from './feed.ts';
import { checkMetas } from './ledger.ts';

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

/** Feeds until so many steps are done, and cuts the power a moment later. */
async function feedAndCut(feed: Feed, victim: TestServer, steps: number): Promise<void> {
  let ended = false;
  const fed = feed.run(victim, () => ended);
  const moment = feed.told.steps + steps;
  await Promise.race([fed, until(() => feed.told.steps >= moment, 30_000, 1)]);
  await pause(random() * 5);
  victim.process.kill('SIGSTOP');
  await until(() => standsStill(victim.pid));
  ended = true;
  await disk.cut(() => victim.stop('SIGKILL'));
  await fed;
}

/** All its threads are stopped: T, or t where strace holds them. */
async function standsStill(pid: number): Promise<boolean> {
  const stats = (await threadsOf(pid)).map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8'));
  return (await Promise.all(stats)).every((stat) => /\) [Tt] /.test(stat));
}

test(`${CUTS} power cuts: no acknowledged byte is lost, nothing is doubled`, { timeout: CUTS * 15_000 }, async () => {
  const told = { patches: 0, bytes: 0, answers: 0 };
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
    for (const key of Object.keys(told) as Array<keyof typeof told>) told[key] += feed.told[key];
  }
  console.log(`power-cut: ${cuts} cuts, ${JSON.stringify(told)} told, 0 acknowledged bytes lost`);
  expect(told.answers).toBeGreaterThan(0);
  expect(told.patches).toBeGreaterThan(CUTS);
});

test('the control: where sync does nothing, a cut loses data, and the same check says so', async () => {
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
