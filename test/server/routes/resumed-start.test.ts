/** A page asks for its session's state again and again: a resumed start is a look, and changes nothing. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type AppFixture, openAppInTest } from '../../support/server/use-app.ts';
import { openSession, recording } from '../../support/tus/tus.ts';

let app: AppFixture;

async function start(token: string, userName: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${app.url}/api/session/start`, {
    method: 'POST',
    body: JSON.stringify({ token, userName }),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

/** Every file with what a write would change. The catalog's -shm is left out: readers write their marks there. */
async function traces(): Promise<string[]> {
  const names = (await readdir(app.dataDir, { recursive: true })).filter((name) => !name.endsWith('-shm'));
  return Promise.all(
    names.sort().map(async (name) => {
      const { size, mtimeMs, ino } = await stat(path.join(app.dataDir, name));
      return `${name} ${size} ${mtimeMs} ${ino}`;
    }),
  );
}

test('a resumed start writes nothing, neither to the session folder nor to the catalog, and lists what is answered', async () => {
  app = await openAppInTest();
  const { tus, token, folder } = await openSession(app, 'Anna');
  await tus.send(recording(500), { question: 2 });
  const cut = await tus.begin({ question: 3 });
  await tus.patch(cut, 0, recording(300));
  const before = await traces();
  expect(before.join()).toMatch(/meta\.json \d+/);
  for (let time = 0; time < 5; time++)
    expect(await start(token, 'anna')).toMatchObject({ resumed: true, folder, answered: [2] });
  expect(await traces()).toEqual(before);

  await tus.patch(cut, 300, new Uint8Array(), { length: 300 });
  expect(await start(token, 'Anna')).toMatchObject({ answered: [2, 3] });
  // A further take that is on its way, or broke off, takes nothing from an answer that is there.
  await tus.patch(await tus.begin({ question: 2 }), 0, recording(100));
  expect(await start(token, 'Anna')).toMatchObject({ answered: [2, 3] });
});

test('it makes a lost meta.json again', async () => {
  app = await openAppInTest();
  const { token, path: folder } = await openSession(app, 'Anna');
  await rm(`${folder}/meta.json`);
  await start(token, 'Anna');
  expect((await stat(`${folder}/meta.json`)).size).toBeGreaterThan(0);
});

test('starts at once of a new token are one session', async () => {
  app = await openAppInTest();
  const { id } = await app.token('Anna', { maxSessions: 0 });
  const [token, interview] = [await app.storage.tokens.get(id), await app.storage.interviews.get('default')];
  if (!token || !interview) throw new Error('not made');
  // Straight to the storage: over HTTP each would be done before the next one's first look.
  const from = { userName: 'Anna', interview, mayCreate: true };
  const starts = await Promise.all([1, 2, 3, 4].map(() => app.storage.startSession(token, from)));
  expect(new Set(starts.map((started) => started?.session.id)).size).toBe(1);
  expect(starts.filter((started) => !started?.resumed)).toHaveLength(1);
  expect(await readdir(`${app.dataDir}/sessions`)).toHaveLength(1);
});
