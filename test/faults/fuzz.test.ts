/**
 * Thousands of wrong, incomplete and strange requests: the real server responds to each in its one form or not at all, stays
 * alive, keeps nothing of them, and stores another candidate's good answer whole at the same time.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStorage } from '../../storage/index.ts';
import { createChance } from '../support/chance.ts';
import { createRandom, scale, seed } from '../support/scale.ts';
import { openCandidate } from '../support/server/candidate.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server/server.ts';
import { until } from '../support/tus/tus.ts';
import { footprintOf, measured, socketsOf } from './footprint.ts';
import type { FuzzRequest } from './fuzz/draft.ts';
import { drawRequest, fire } from './fuzz/fuzz-request.ts';
import { faultIn, idOf, learn, openWorld, type World } from './fuzz/fuzz-world.ts';
import { beginGoodUpload } from './fuzz/good-upload.ts';
import type { Outcome } from './fuzz/responses.ts';

const REQUESTS = scale(5_000, 100_000);
/** During the first requests the server compiles its code and fills its caches; its memory after them is the base. */
const WARM_UP = 1_000;
/** A fuzzed session is replaced after this number of requests, before its limits refuse everything. */
const REQUESTS_A_SESSION = 500;
const AT_ONCE = 12;

const MB = 1_000_000;
/** Allowed growth above the base: memory in use may not grow with the requests; memory that V8 keeps free may grow a little. */
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

/** Each kind of fault: its number, and its first case in full. */
const faults = new Map<string, { count: number; first: string }>();

function report(fault: string, index: number, request: FuzzRequest, outcome: Outcome): void {
  const known = faults.get(fault);
  if (known) known.count += 1;
  const raw = JSON.stringify(request.bytes.toString('latin1').slice(0, 4_000));
  const responses = outcome.responses.map(({ head, body }) => JSON.stringify(`${head}\r\n\r\n${body}`.slice(0, 1_000)));
  const how = `${request.bytes.length} bytes in ${request.pieces} pieces, cut ${JSON.stringify(request.cut)}`;
  const first = [`TRESGO_SEED=${seed}, request ${index}, ${how}:`, raw, 'responses:', ...responses].join('\n');
  if (!known) faults.set(fault, { count: 1, first });
}

/** Each kind of log entry about an unforeseen error, and all other output that is not a log entry. */
function complaints(): string[] {
  const lines = server.stderr().trimEnd().split('\n');
  const strange = lines.filter(
    (line) => !/^live-bytes \d+$|^Building TresGo |^made a new data folder |^\{"level":[1234]0,/.test(line),
  );
  return [...new Set(strange.map((line) => line.replace(/"time":.*?"(err|code|msg)"/, '"$1"').slice(0, 1_000)))];
}

/** Differences between the files of the data folder and the catalog. */
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
  const expected = /^(data|sessions|uploads|ballast|server\.(lock.*|origin)|tresgo\.db(-wal|-shm)?)$/;
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
      const request = drawRequest(createChance(createRandom(seed + index)), here);
      const outcome = await fire(server.port, request);
      const status = outcome.responses[0]?.status ?? 0;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (request.methods.length === 1) learn(here, request, outcome.responses[0]);
      const fault = faultIn(here, request, outcome, server.dataDir);
      if (fault) report(fault, index, request, outcome);
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
  // V8 returns free memory to the system with the next collections.
  await until(async () => (await grown()).length === 0, 30_000, 1_000).catch(() => {});
  console.log({ base, after: await footprintOf(server) }, Object.fromEntries([...statuses].sort()));
  expect(await grown()).toEqual([]);

  const askedAt = performance.now();
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(performance.now() - askedAt).toBeLessThan(1_000);
  const { bytes, digest, sent } = await good.end();
  expect(bytes).toBeGreaterThan(0);
  expect(digest).toBe(sent);
  expect(server.process.exitCode).toBeNull();
  // The sweep or a job may run while the folder is read: real litter is still there later.
  let found = ['not looked at'];
  const isClean = async () => {
    found = await litter();
    return found.length === 0;
  };
  await until(isClean, 12_000, 1_000).catch(() => {});
  expect(found).toEqual([]);
  const seen = [...faults].map(([fault, { count, first }]) => `${fault}: ${count} times, first:\n${first}`);
  expect([...seen, ...complaints()].join('\n\n')).toBe('');
  // Requests reached the application, and not only its refusals.
  for (const status of [200, 201, 204, 400, 401, 403, 404, 409, 412, 413, 415])
    expect(statuses.get(status), `responses with ${status}`).toBeGreaterThan(0);
}, 1_800_000);
