/** `kill -9` at random moments, while uploads are created, fed, finished and deleted: what was told is there after. */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRandom, scale, seed } from '../support/scale.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server.ts';
import { until } from '../support/tus.ts';
import { openCandidate } from './candidate.ts';
import { createFeed } from './feed.ts';
import { checkMetas } from './ledger.ts';

const KILLS = scale(50, 1_000);
/** A session's folder is read whole after each kill: it must not grow for ever. */
const KILLS_A_SESSION = 10;
/** Things that the clients get done before a kill, at most. */
const MOST_STEPS = 40;

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer | undefined;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(async () => {
  await server?.stop();
  await root.remove();
});

const start = () => spawnServer({ dataDir: root.path });

test(`${KILLS} kills at random: no acknowledged byte is lost, nothing is doubled`, {
  timeout: KILLS * 5_000,
}, async () => {
  console.log(`random-kill: TRESGO_SEED=${seed}`);
  const random = createRandom();
  const told = { steps: 0, patches: 0, bytes: 0, answers: 0, deletions: 0 };
  let killed = 0;
  for (let session = 0; killed < KILLS; session++) {
    server = await start();
    const candidate = await openCandidate(server, `Anna ${session}`);
    const feed = createFeed(candidate, random);
    for (const last = Math.min(KILLS, killed + KILLS_A_SESSION); killed < last; ) {
      const victim = server;
      let ended = false;
      const fed = feed.run(victim, () => ended);
      const moment = feed.told.steps + random() * MOST_STEPS;
      await Promise.race([fed, until(() => feed.told.steps >= moment, 30_000, 1)]);
      await pause(random() * 5);
      ended = true;
      await victim.stop('SIGKILL');
      await fed;
      expect(victim.process.signalCode).toBe('SIGKILL');
      killed += 1;
      expect(await checkMetas(root.path), `after kill ${killed}`).toEqual([]);
      server = await start();
      expect(await feed.check(server), `after kill ${killed}`).toEqual([]);
    }
    expect(await feed.complete(server)).toEqual([]);
    const body = JSON.stringify({ token: candidate.token, folder: candidate.folder, questionsCount: 5 });
    expect((await fetch(`${server.url}/api/session/finish`, { method: 'POST', body })).status).toBe(200);
    expect(JSON.parse(await readFile(`${candidate.path}/meta.json`, 'utf8'))).toMatchObject({ status: 'finished' });
    for (const key of Object.keys(told) as Array<keyof typeof told>) told[key] += feed.told[key];
    await server.stop('SIGKILL');
  }
  console.log(`random-kill: ${killed} kills, ${JSON.stringify(told)} told, 0 acknowledged bytes lost`);
  // A run in which little was told proves little.
  expect(told.answers).toBeGreaterThan(KILLS / 2);
});
