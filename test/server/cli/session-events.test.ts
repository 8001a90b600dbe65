/** What the server tells of sessions that begin and end. */
import { expect, test } from 'vitest';
import { sessionLine } from '../../../server/cli/serve.ts';
import { openApp, silentLog, startSession, temporaryFolder } from '../../support/server/server.ts';
import { createTusClient, recording } from '../../support/tus/tus.ts';

test('the log says once when a session starts and when it is finished, and by which folder', async () => {
  const lines: Array<[string, object]> = [];
  const app = await openApp({ log: { ...silentLog, info: (details, message) => void lines.push([message, details]) } });
  try {
    const { secret: token } = await app.token('Anna');
    const folder = await startSession(app.url, token, 'Anna');
    expect(await startSession(app.url, token, 'Anna')).toBe(folder);
    const tus = createTusClient({ url: app.url, token, folder });
    for (const question of [1, 2, 3, 4, 5]) await tus.send(recording(100), { question });
    const finish = () =>
      fetch(`${app.url}/api/session/finish`, {
        method: 'POST',
        body: JSON.stringify({ token, folder, questionsCount: 5 }),
      });
    // Two at once, of which the second has seen the open session, too.
    const { finishSession } = app.storage;
    let second: ReturnType<typeof finish> | null = null;
    const ready = new Promise<void>((resolve) => {
      app.storage.finishSession = async (...of) => {
        if (second) resolve();
        second ??= finish();
        await ready;
        return finishSession(...of);
      };
    });
    await finish();
    await second;
    await finish();
    expect(lines).toEqual([
      ['session started', { folder, answers: 0, questions: 5 }],
      ['session finished', { folder, answers: 5, questions: 5 }],
    ]);
  } finally {
    await app.close();
  }
});

test('a terminal shows who has finished, and where the answers are', () => {
  const session = { folder: '28_11_2026_09_00_nguyen_van_a', tokenOwner: 'Nguyễn Văn A\u001b[2J' };
  expect(sessionLine({ what: 'finished', session, answers: 5, questions: 5 }, '/data')).toBe(
    'Nguyễn Văn A[2J finished, 5 of 5: /data/sessions/28_11_2026_09_00_nguyen_van_a',
  );
  expect(sessionLine({ what: 'started', session, answers: 0, questions: 5 }, '/data')).toMatch(/ started: \/data/);
});

test('an empty catalog gets the default interview in three languages', async () => {
  const folder = await temporaryFolder();
  const app = await openApp({ dataDir: folder.path });
  const all = await app.storage.interviews.list();
  expect(all.map(({ slug, language, questions }) => [slug, language, questions.length])).toEqual([
    ['default', undefined, 5],
    ['default-th', 'th', 5],
    ['default-vi', 'vi', 5],
  ]);
  await app.close();
  await folder.remove();
});
