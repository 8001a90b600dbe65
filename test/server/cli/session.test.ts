/** `tresgo session …` */
import { expect, test } from 'vitest';
import { openStorage } from '../../../storage/index.ts';
import { expectRefusal } from '../../support/server/in-this-process.ts';
import { openApp, startSession, temporaryFolder, tresgo } from '../../support/server/server.ts';
import { createTusClient, recording } from '../../support/tus/tus.ts';

test('sessions are listed and shown while the server runs, and afterwards', async () => {
  const folder = await temporaryFolder();
  const app = await openApp({ dataDir: folder.path });
  const list = async () => JSON.parse((await tresgo(['session', 'list', '--json', '--data-dir', folder.path])).stdout);
  try {
    expect(await list()).toEqual([]);
    expect((await tresgo(['session', 'list', '--data-dir', folder.path])).stdout).toBe('No sessions yet.\n');
    const made = JSON.parse(
      (await tresgo(['token', 'create', '--name', 'Anna', '--json', '--data-dir', folder.path])).stdout,
    );
    const name = await startSession(app.url, made.token, 'Anna');
    const tus = createTusClient({ url: app.url, token: made.token, folder: name });
    await tus.send(recording(2_000), { question: 2 });
    expect(await list()).toMatchObject([
      {
        folder: name,
        userName: 'Anna',
        status: 'started',
        totalQuestions: 5,
        answers: [{ question: 2, fileName: 'Q2.webm', bytes: 2_000 }],
      },
    ]);
  } finally {
    await app.close();
  }
  const [{ folder: name }] = await list();
  const storage = await openStorage({ dataDir: folder.path });
  const [take] = await storage.takes.list((await storage.sessions.getByFolder(name))?.id ?? '');
  const mediaProblem = 'its sound has a gap of 62.0 s at 0:05';
  await storage.takes.update(take?.id ?? '', { mediaProblem, durationMs: 3000, spokenMs: 25_001 });
  await storage.close();
  const shown = await tresgo(['session', 'show', name, '--data-dir', folder.path]);
  expect(shown.stdout).toMatch(
    /status: started\n[\s\S]*Q2\.webm +0\.00 MB +0:03 of 0:25 spoken +queued +[0-9a-f]{64}\nQuestion 2: its sound has a gap of 62\.0 s at 0:05\n/,
  );
  expectRefusal(await tresgo(['session', 'show', '../x', '--data-dir', folder.path]), /there is no session "\.\.\/x"/);
  await folder.remove();
});
