/**
 * Thousands of wrong, half and strange requests: the real server answers each in its one form or not at all, lives,
 * keeps nothing of them, and takes in somebody's good answer whole beside them.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStorage } from '../../storage/index.ts';
import { createChance } from '../support/chance.ts';
import { createRandom, scale, seed } from '../support/scale.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server.ts';
import { until } from '../support/tus.ts';
import { openCandidate } from './candidate.ts';
import { footprintOf, measured, socketsOf } from './footprint.ts';
import { beginGoodUpload } from './fuzz/good-upload.ts';
import { fire, makeShot, type Outcome, type Shot } from './fuzz/shot.ts';
import { faultIn, idOf, learn, openWorld, type World } from './fuzz/world.ts';

const REQUESTS = scale(5_000, 100_000);
/** Until then the server compiles its code and fills its caches: what it holds then is the base. */
const WARM_UP = 1_000;
/** A fuzzed session is left after that many, before its limits answer everything. */
const REQUESTS_A_SESSION = 500;
const AT_ONCE = 12;

const MB = 1_000_000;
/** Above the base after all requests: what is in use may not grow with their number, what V8 keeps free may a little. */
const GROWTH = { liveBytes: 8 * MB, rssBytes: 64 * MB, sockets: 4, removedFiles: 0 };

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer;
beforeAll(async () => {
  root = await temporaryFolder();
  const env = { ...measured, TRESGO_TRUST_PROXY: '127.0.0.1', TRESGO_ALLOWED_ORIGINS: 'https://a.example' };
  server = await spawnServer({ dataDir: `${root.path}/data`, env });
});
afterAll(async () => {
  await server.stop();
  await root.remove();
});

/** Each kind of fault that was seen: how often, and the first time in full. */
const faults = new Map<string, { count: number; first: string }>();

function report(fault: string, index: number, shot: Shot, outcome: Outcome): void {
  const known = faults.get(fault);
  if (known) known.count += 1;
  const raw = JSON.stringify(shot.bytes.toString('latin1').slice(0, 4_000));
  const answers = outcome.answers.map(({ head, body }) => JSON.stringify(`${head}\r\n\r\n${body}`.slice(0, 1_000)));
  const how = `${shot.bytes.length} bytes in ${shot.pieces} pieces, cut ${JSON.stringify(shot.cut)}`;
  const first = [`TRESGO_SEED=${seed}, request ${index}, ${how}:`, raw, 'answered:', ...answers].join('\n');
  if (!known) faults.set(fault, { count: 1, first });
}

/** Each kind of log entry that tells of something unforeseen, and whatever is no log entry at all. */
function complaints(): string[] {
  const lines = server.stderr().trimEnd().split('\n');
  const strange = lines.filter((line) => !/^live-bytes \d+$|^Building TresGo |^\{"level":[1234]0,/.test(line));
  return [...new Set(strange.map((line) => line.replace(/"time":.*?"(err|code|msg)"/, '"$1"').slice(0, 1_000)))];
}

/** What lies in the data folder and is not in the catalog, or the other way round. */
async function litter(): Promise<string[]> {
  const found: string[] = [];
  const storage = await openStorage({ dataDir: server.dataDir });
  const file = (name: string) => `${server.dataDir}/uploads/${name}`;
  for (const name of await readdir(`${server.dataDir}/uploads`)) {
    const take = await storage.takes.get(name);
    if (take?.state !== 'receiving') found.push(`uploads/${name} of a take that is ${take?.state}`);
    else if ((await stat(file(name))).size < take.offset) found.push(`uploads/${name} is shorter than ${take.offset}`);
  }
  await storage.close();
  for (const folder of await readdir(`${server.dataDir}/sessions`)) {
    const path = `${server.dataDir}/sessions/${folder}`;
    const names = await readdir(path, { recursive: true });
    const strange = names.filter((name) => !/^(meta\.json|takes|Q\d\.webm|takes\/Q\d-\d+\.webm)$/.test(name));
    found.push(...strange.map((name) => `${folder}/${name}`));
    JSON.parse(await readFile(`${path}/meta.json`, 'utf8'));
  }
  const top = [...(await readdir(root.path)), ...(await readdir(server.dataDir))];
  const expected = /^(data|sessions|uploads|server\.lock.*|tresgo\.db(-wal|-shm)?)$/;
  return [...found, ...top.filter((name) => !expected.test(name))];
}

test(`${REQUESTS} strange requests`, async () => {
  console.log(`seed ${seed}`);
  const victim = await openCandidate(server, 'Victim');
  const good = await beginGoodUpload(victim.tus(server));
  const theirs = [idOf(good.location), idOf(await victim.tus(server).begin({ question: 2 }))];
  const pid = server.process.pid as number;
  const idleSockets = await socketsOf(pid);

  let next = 0;
  let world: Promise<World>;
  const statuses = new Map<number, number>();
  const worker = async (end: number) => {
    while (next < end) {
      const index = next++;
      if (index % REQUESTS_A_SESSION === 0)
        world = openWorld(server, `Fuzz ${index}`, { theirFolder: victim.folder, theirs });
      const here = await world;
      const shot = makeShot(createChance(createRandom(seed + index)), here);
      const outcome = await fire(server.port, shot);
      const status = outcome.answers[0]?.status ?? 0;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (shot.methods.length === 1) learn(here, shot, outcome.answers[0]);
      const fault = faultIn(here, shot, outcome, server.dataDir);
      if (fault) report(fault, index, shot, outcome);
    }
  };
  const fuzzTo = async (end: number) => {
    await Promise.all(Array.from({ length: AT_ONCE }, () => worker(end)));
    await until(async () => (await socketsOf(pid)) <= idleSockets + GROWTH.sockets, 20_000, 100);
  };

  await fuzzTo(WARM_UP);
  const base = await footprintOf(server);
  await fuzzTo(REQUESTS);
  const grown = async () => {
    const now = await footprintOf(server);
    return (Object.keys(GROWTH) as Array<keyof typeof GROWTH>).filter((name) => now[name] - base[name] > GROWTH[name]);
  };
  // Free memory goes back to the system with the next collections.
  await until(async () => (await grown()).length === 0, 30_000, 1_000).catch(() => {});
  console.log({ base, after: await footprintOf(server) }, Object.fromEntries([...statuses].sort()));
  expect(await grown()).toEqual([]);

  const askedAt = performance.now();
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(performance.now() - askedAt).toBeLessThan(1_000);
  const { bytes, told, sent } = await good.end();
  expect(bytes).toBeGreaterThan(0);
  expect(told).toBe(sent);
  expect(server.process.exitCode).toBeNull();
  // The sweep may be at work while the folder is read: what is litter stays.
  await until(async () => (await litter()).length === 0, 12_000, 1_000).catch(() => {});
  expect(await litter()).toEqual([]);
  const seen = [...faults].map(([fault, { count, first }]) => `${fault}: ${count} times, first:\n${first}`);
  expect([...seen, ...complaints()].join('\n\n')).toBe('');
  // It got through to the application, and not to refusals alone.
  for (const status of [200, 201, 204, 400, 401, 403, 404, 409, 412, 413, 415])
    expect(statuses.get(status), `answers with ${status}`).toBeGreaterThan(0);
}, 1_800_000);
