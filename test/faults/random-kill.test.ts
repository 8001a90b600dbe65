/** `kill -9` of the real server at random moments: everything that a client was counts is there after the restart. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createRandom, createTurns, scale, seed } from '../support/scale.ts';
import { openCandidate } from '../support/server/candidate.ts';
import { spawnServer, temporaryFolder } from '../support/server/server.ts';
import { openRequest } from '../support/tus/raw-connection.ts';
import { recording, until } from '../support/tus/tus.ts';
import { createFeed, type Feed } from './upload-feed.ts';
import { checkMetas } from './upload-ledger.ts';

const KILLS = scale(50, 1_000);
/** The whole session folder is read after each kill, so its size is limited. */
const KILLS_A_SESSION = 10;
/** Largest number of steps that the clients make before a kill. */
const MOST_STEPS = 40;

/** Sessions that are fed and killed at the same time, each on a server of its own. */
const inTurn = createTurns(3);

const start = (dataDir: string) => spawnServer({ dataDir });

test(`${KILLS} kills at random: no acknowledged byte is lost, nothing is doubled`, {
  timeout: KILLS * 5_000,
}, async () => {
  console.log(`random-kill: TRESGO_SEED=${seed}`);
  const counts = { steps: 0, patches: 0, bytes: 0, answers: 0, deletions: 0 };
  let killed = 0;
  const feedAndKill = async (session: number) => {
    const root = await temporaryFolder();
    const kills = Math.min(KILLS_A_SESSION, KILLS - session * KILLS_A_SESSION);
    const feed = await killRepeatedly(root.path, kills, createRandom(seed + session));
    killed += kills;
    for (const key of Object.keys(counts) as Array<keyof typeof counts>) counts[key] += feed.counts[key];
    await root.remove();
  };
  const sessions = Array.from({ length: Math.ceil(KILLS / KILLS_A_SESSION) }, (_, session) => session);
  await Promise.all(sessions.map((session) => inTurn(() => feedAndKill(session))));
  console.log(`random-kill: ${killed} kills, ${JSON.stringify(counts)} told, 0 acknowledged bytes lost`);
  expect(killed).toBe(KILLS);
  // A run with few acknowledged answers proves little.
  expect(counts.answers).toBeGreaterThan(KILLS / 2);
});

/** Feeds the uploads of one session, and kills their server `kills` times; then finishes the session. */
async function killRepeatedly(dataDir: string, kills: number, random: () => number): Promise<Feed> {
  let server = await start(dataDir);
  try {
    const candidate = await openCandidate(server, 'Anna');
    const feed = createFeed(candidate, random);
    for (let kill = 1; kill <= kills; kill++) {
      let ended = false;
      const fed = feed.run(server, () => ended);
      const moment = feed.counts.steps + random() * MOST_STEPS;
      await Promise.race([fed, until(() => feed.counts.steps >= moment, 30_000, 1)]);
      await pause(random() * 5);
      ended = true;
      await server.stop('SIGKILL');
      await fed;
      expect(server.process.signalCode).toBe('SIGKILL');
      expect(await checkMetas(dataDir), `after kill ${kill}`).toEqual([]);
      server = await start(dataDir);
      expect(await feed.check(server), `after kill ${kill}`).toEqual([]);
    }
    expect(await feed.complete(server)).toEqual([]);
    const body = JSON.stringify({ token: candidate.token, folder: candidate.folder, questionsCount: 5 });
    expect((await fetch(`${server.url}/api/session/finish`, { method: 'POST', body })).status).toBe(200);
    expect(JSON.parse(await readFile(`${candidate.path}/meta.json`, 'utf8'))).toMatchObject({ status: 'finished' });
    return feed;
  } finally {
    await server.stop('SIGKILL');
  }
}

test('killed while a multipart answer comes in: nothing of it is left, and the answer can be sent again', async () => {
  const root = await temporaryFolder();
  let server = await start(root.path);
  onTestFinished(async () => {
    await server.stop();
    await root.remove();
  });
  const candidate = await openCandidate(server, 'Anna');
  const fields = Object.entries({ token: candidate.token, folder: candidate.folder, questionIndex: '1' }).map(
    ([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const request = await openRequest(server.url, [
    'POST /api/upload-one HTTP/1.1',
    'Content-Type: multipart/form-data; boundary=x',
    'Content-Length: 1000000',
  ]);
  const file = '--x\r\nContent-Disposition: form-data; name="video"; filename="a"\r\n\r\n';
  await request.write(Buffer.concat([Buffer.from(fields.join('') + file), recording(100_000)]));
  await until(async () => (await readdir(`${root.path}/uploads`)).length === 1);
  await server.stop('SIGKILL');
  server = await start(root.path);
  request.socket.destroy();
  expect(await readdir(`${root.path}/uploads`)).toEqual([]);
  const form = new FormData();
  for (const [name, value] of Object.entries({ token: candidate.token, folder: candidate.folder, questionIndex: '1' }))
    form.append(name, value);
  form.append('video', new Blob([recording(1_000)]));
  expect((await fetch(`${server.url}/api/upload-one`, { method: 'POST', body: form })).status).toBe(200);
  expect((await readdir(candidate.path)).sort()).toEqual(['Q1.webm', 'meta.json']);
});
