/** How documents say a time: ISO 8601 with its offset, whatever the machine's zone, so that a program need not guess. */
import { Settings } from 'luxon';
import { afterEach, expect, test } from 'vitest';
import { inThisProcess } from '../../support/server/in-this-process.ts';
import { startSession } from '../../support/server/server.ts';
import { useApp } from '../../support/server/use-app.ts';
import { createTusClient, recording } from '../../support/tus/tus.ts';

const app = useApp();
afterEach(() => {
  Settings.defaultZone = 'system';
});

/** All texts of a document that have a date in them. */
function timesOf(value: unknown): string[] {
  if (typeof value === 'string') return /\d{4}-\d\d-\d\d/.test(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(timesOf) : [];
}

test('every time in every document has its offset, and names the same moment in another zone', async () => {
  const { id, secret } = await app.token('Anna');
  const folder = await startSession(app.url, secret, 'Anna');
  const tus = createTusClient({ url: app.url, token: secret, folder });
  for (const question of [1, 2, 3, 4, 5]) await tus.send(recording(100), { question });
  await fetch(`${app.url}/api/session/finish`, {
    method: 'POST',
    body: JSON.stringify({ token: secret, folder, questionsCount: 5 }),
  });
  await inThisProcess(['token', 'create', '--name', 'Bao', '--expires', '7d', '--data-dir', app.dataDir]);
  for (const [words, least] of [
    ['token list', 4],
    [`token show ${id}`, 2],
    [`token update ${id} --expires 2099-12-31`, 3],
    ['token remind', 1],
    ['session list', 2],
    [`session show ${folder}`, 2],
    ['job list', 5],
  ] as const) {
    const moments = [];
    for (const zone of ['Asia/Bangkok', 'America/Lima']) {
      Settings.defaultZone = zone;
      const { status, stdout } = await inThisProcess([...words.split(' '), '--json', '--data-dir', app.dataDir]);
      expect(status, words).toBe(0);
      const times = timesOf(JSON.parse(stdout));
      expect(times.length, words).toBeGreaterThanOrEqual(least);
      for (const time of times)
        expect(time, words).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
      moments.push(times.map((time) => Date.parse(time)));
    }
    if (!words.includes('2099')) expect(moments[0], words).toEqual(moments[1]);
  }
});
