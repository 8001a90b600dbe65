/** The clock jumps by a day and by a week while answers come in: stored data does not depend on the clock. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { DateTime } from 'luxon';
import { beforeEach, expect, test } from 'vitest';
import { testUnless } from '../support/needs.ts';
import { openCandidate } from '../support/server/candidate.ts';
import { spawnServer, temporaryFolder } from '../support/server/server.ts';
import { useApp, useSession } from '../support/server/use-app.ts';
import { openSession, recording, refusalOf, reprDigest, until } from '../support/tus/tus.ts';

let now = DateTime.now();
beforeEach(() => {
  now = DateTime.now();
});
const app = useApp({ every: 'test', now: () => now });
const session = useSession(app, 'Anna');

const empty = new Uint8Array();
const nothing = { swept: [], failed: [] };
const jump = (days: number) => {
  now = now.plus({ days });
};
const offsetOf = async (location: string) => Number((await session.tus.head(location)).headers.get('upload-offset'));
const onDisk = async (location: string) =>
  (await readFile(`${app.dataDir}${location.replace('/files', '/uploads')}`)).length;
const meta = async () => JSON.parse(await readFile(`${session.path}/meta.json`, 'utf8'));
/** Days from now to the expiry that a response names. */
const daysLeft = (response: Response, from = now) =>
  Math.round(DateTime.fromHTTP(response.headers.get('upload-expires') ?? '').diff(from, 'days').days * 100) / 100;

test('a day forwards, two back, and again: nothing is lost or swept, and Upload-Expires follows the clock', async () => {
  const bytes = recording(60_000);
  const location = await session.tus.begin();
  let offset = 0;
  for (const days of [1, -2, 1, -30, 31, -1]) {
    const live = await session.tus.openPatch(location, offset, 9_000);
    await live.write(bytes.subarray(offset, offset + 4_000));
    await until(async () => (await onDisk(location)) === offset + 4_000);
    jump(days);
    await live.write(bytes.subarray(offset + 4_000, offset + 9_000));
    expect(await live.status).toBe(204);
    live.socket.destroy();
    const next = await session.tus.patch(location, offset + 9_000, bytes.subarray(offset + 9_000, offset + 10_000));
    expect(daysLeft(next)).toBe(7);
    offset += 10_000;
    expect(await offsetOf(location)).toBe(offset);
    expect(daysLeft(await session.tus.head(location))).toBe(7);
    expect(await app.storage.sweepAbandoned()).toEqual(nothing);
    expect(await app.storage.recover()).toEqual({ unfinished: [], damaged: [] });
  }
  // No byte arrives meanwhile: the expiry stays where the clock of the last byte has put it.
  const last = now;
  jump(1);
  expect(daysLeft(await session.tus.head(location), last)).toBe(7);
  jump(-3);
  expect(daysLeft(await session.tus.head(location), last)).toBe(7);
  expect(await app.storage.sweepAbandoned()).toEqual(nothing);
  const whole = await session.tus.patch(location, offset, empty, { length: offset });
  expect(whole.headers.get('repr-digest')).toBe(reprDigest(bytes));
  expect((await readFile(`${session.path}/Q1.webm`)).equals(bytes)).toBe(true);
  expect(await meta()).toMatchObject({ status: 'started', files: [{ bytes: 60_000 }], takes: [] });
});

test('a PATCH without a body promises no later expiry than HEAD does', async () => {
  const location = await session.tus.begin();
  await session.tus.patch(location, 0, recording(500));
  jump(1);
  const said = (await session.tus.patch(location, 500, empty)).headers.get('upload-expires');
  expect((await session.tus.head(location)).headers.get('upload-expires')).toBe(said);
});

test('after a jump back the same session continues, and is finished', async () => {
  const first = recording(900);
  expect((await session.tus.send(first)).status).toBe(204);
  jump(-1);
  const again = await fetch(`${app.url}/api/session/start`, {
    method: 'POST',
    body: JSON.stringify({ token: session.token, userName: 'Anna' }),
  });
  expect(await again.json()).toMatchObject({ folder: session.folder, resumed: true, answered: [1] });
  for (let question = 2; question <= 5; question++)
    expect((await session.tus.send(recording(900), { question })).status).toBe(204);
  const finished = await fetch(`${app.url}/api/session/finish`, {
    method: 'POST',
    body: JSON.stringify({ token: session.token, folder: session.folder, questionsCount: 5 }),
  });
  expect(finished.status).toBe(200);
  expect((await meta()).status).toBe('finished');
  expect((await readFile(`${session.path}/Q1.webm`)).equals(first)).toBe(true);
});

test('a token that expires meanwhile lets its started session continue, and no other session start', async () => {
  const expiresAt = now.plus({ hours: 1 });
  const start = (token: string, userName: string) =>
    fetch(`${app.url}/api/session/start`, { method: 'POST', body: JSON.stringify({ token, userName }) });
  const unused = await app.token('Cuong', { expiresAt });
  const own = { ...app, token: (name: string) => app.token(name, { expiresAt }) };
  const { tus: binh, folder, path, token } = await openSession(own, 'Binh');
  const bytes = recording(30_000);
  const location = await binh.begin();
  const live = await binh.openPatch(location, 0, 20_000);
  await live.write(bytes.subarray(0, 10_000));
  await until(async () => (await onDisk(location)) === 10_000);
  jump(1);
  expect(await refusalOf(await start(unused.secret, 'Cuong'))).toMatchObject({ status: 401, code: 'unauthorized' });
  await live.write(bytes.subarray(10_000, 20_000));
  expect(await live.status).toBe(204);
  live.socket.destroy();
  expect((await binh.head(location)).headers.get('upload-offset')).toBe('20000');
  expect(await (await start(token, 'Binh')).json()).toMatchObject({ folder, resumed: true });
  // One day per step: each byte is a new last activity.
  for (let step = 0; step < 10; step++) {
    jump(1);
    const at = 20_000 + step * 1_000;
    expect((await binh.patch(location, at, bytes.subarray(at, at + 1_000))).status).toBe(204);
  }
  const last = await binh.patch(location, 30_000, empty, { length: 30_000 });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
  expect((await binh.send(recording(500), { question: 2 })).status).toBe(204);
  expect((await readFile(`${path}/Q1.webm`)).equals(bytes)).toBe(true);
  // Once the clock is back before its expiry, the other token is valid again.
  jump(-20);
  expect((await start(unused.secret, 'Cuong')).status).toBe(200);
});

test('8 days forwards with a live PATCH while sweeps run: its upload is not touched; an abandoned upload is swept', async () => {
  const given = recording(2_000);
  const givenUp = await session.tus.begin({ question: 2 });
  await session.tus.patch(givenUp, 0, given);
  const bytes = recording(50_000);
  const location = await session.tus.begin();
  const live = await session.tus.openPatch(location, 0, 50_000);
  await live.write(bytes.subarray(0, 10_000));
  await until(async () => (await onDisk(location)) === 10_000);
  jump(8);
  const swept: string[] = [];
  let sweeps = 0;
  let done = false;
  const sweeping = (async () => {
    while (!done) {
      const found = await app.storage.sweepAbandoned();
      expect(found.failed).toEqual([]);
      swept.push(...found.swept);
      sweeps += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  for (let at = 10_000; at < 50_000; at += 10_000) {
    const seen = sweeps;
    await live.write(bytes.subarray(at, at + 10_000));
    await until(async () => sweeps > seen + 3 && (await onDisk(location)) === at + 10_000);
  }
  expect(await live.status).toBe(204);
  live.socket.destroy();
  const last = await session.tus.patch(location, 50_000, empty, { length: 50_000 });
  done = true;
  await sweeping;
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
  expect((await readFile(`${session.path}/Q1.webm`)).equals(bytes)).toBe(true);
  expect(swept).toEqual([givenUp.split('/').at(-1)]);
  // The clock was wrong and is corrected: the sweep has removed nothing that was needed.
  jump(-8);
  expect(await offsetOf(givenUp)).toBe(2_000);
  const back = await session.tus.patch(givenUp, 2_000, empty, { length: 2_000 });
  expect(back.headers.get('repr-digest')).toBe(reprDigest(given));
});

test('the clock jumps 8 days before each PATCH, and the sweep races with it: nothing is refused or lost', async () => {
  const bytes = recording(40_000);
  const location = await session.tus.begin();
  // An upload without a byte would be swept.
  expect((await session.tus.patch(location, 0, bytes.subarray(0, 1_000))).status).toBe(204);
  let swept = 0;
  for (let at = 1_000; at < 40_000; at += 1_000) {
    jump(8);
    const sweep = app.storage.sweepAbandoned();
    // Before, during and after the moment at which the sweep examines this upload.
    if (at % 3_000 === 0) await sweep;
    if (at % 3_000 === 1_000) await new Promise((resolve) => setImmediate(resolve));
    const answer = await session.tus.patch(location, at, bytes.subarray(at, at + 1_000));
    expect([answer.status, at], await answer.text()).toEqual([204, at]);
    const found = await sweep;
    expect(found.failed).toEqual([]);
    swept += found.swept.length;
  }
  expect(swept).toBeGreaterThan(5);
  expect(await offsetOf(location)).toBe(40_000);
  const last = await session.tus.patch(location, 40_000, empty, { length: 40_000 });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
  expect((await readFile(`${session.path}/Q1.webm`)).equals(bytes)).toBe(true);
});

/** Debian's `faketime` installs the library in a folder named after the machine's architecture. */
const faketime = readdirSync('/usr/lib')
  .map((folder) => `/usr/lib/${folder}/faketime/libfaketime.so.1`)
  .find(existsSync);

testUnless(faketime ? null : 'libfaketime is not installed (Debian: faketime)')(
  'the real server under a clock that jumps: live PATCHes, a kill and a restart later the answer is whole',
  async () => {
    const root = await temporaryFolder();
    const clock = `${root.path}/clock`;
    const set = (days: number) => writeFile(clock, `${days < 0 ? '' : '+'}${days}d`);
    // A jump does not change the monotonic clock, which timers use.
    const env = {
      LD_PRELOAD: faketime as string,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
    await set(0);
    let server = await spawnServer({ dataDir: root.path, env });
    try {
      const candidate = await openCandidate(server, 'Anna');
      const bytes = recording(50_000);
      const location = await candidate.tus(server).begin();
      let offset = 0;
      for (const days of [1, -1, 30, -30]) {
        const live = await candidate.tus(server).openPatch(location, offset, 10_000);
        await live.write(bytes.subarray(offset, offset + 4_000));
        await until(async () => (await readFile(candidate.uploadFile(location))).length === offset + 4_000);
        await set(days);
        await live.write(bytes.subarray(offset + 4_000, offset + 10_000));
        expect(await live.status).toBe(204);
        live.socket.destroy();
        offset += 10_000;
        const head = await candidate.tus(server).head(location);
        expect(head.headers.get('upload-offset')).toBe(String(offset));
        expect(daysLeft(head, DateTime.now())).toBeCloseTo(7 + days, 1);
        await server.stop('SIGKILL');
        server = await spawnServer({ dataDir: root.path, env });
      }
      const after = candidate.tus(server);
      expect((await after.patch(location, offset, bytes.subarray(offset))).status).toBe(204);
      const last = await after.patch(location, bytes.length, empty, { length: bytes.length });
      expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
      expect((await readFile(`${candidate.path}/Q1.webm`)).equals(bytes)).toBe(true);
    } finally {
      await server.stop();
      await root.remove();
    }
  },
);
