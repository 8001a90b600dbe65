/** The alarm for recordings whose files are gone. */
import { rm, truncate } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMissingAlarm } from '../../../server/jobs/missing-alarm.ts';
import { healthRoutes } from '../../../server/routes/health.ts';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { silentLog } from '../../support/server/server.ts';
import { recording } from '../../support/tus/tus.ts';

let opened: StorageSession;
beforeEach(async () => {
  opened = await openStorageSession();
});
afterEach(() => opened.close());

test('files that are gone or short are named in the log once, and readyz warns while they are', async () => {
  const lines: string[] = [];
  const look = createMissingAlarm(opened.storage, {
    error: (details: object, words?: string) => void lines.push(`${(details as { file: string }).file} ${words}`),
  });
  const ready = async () => {
    const response = await healthRoutes({
      storage: opened.storage,
      config: { minFreeBytes: 0 },
      log: silentLog,
    } as Parameters<typeof healthRoutes>[0]).request('/readyz');
    return [response.status, await response.json()];
  };
  for (const question of [1, 2, 3]) await opened.storage.finish(await opened.whole(recording(200), question));
  await opened.append(await opened.create(4), recording(50));
  await look();
  expect(await ready()).toEqual([200, { ok: true }]);
  await rm(`${opened.folder}/Q1.webm`);
  await truncate(`${opened.folder}/Q3.webm`, 77);
  await look();
  await look();
  const at = `sessions/${opened.session.folder}`;
  expect(lines.sort()).toEqual([
    `${at}/Q1.webm a recording is missing: see "tresgo session repair"`,
    `${at}/Q3.webm a recording has 77 of 200 bytes: see "tresgo session repair"`,
  ]);
  expect(await ready()).toEqual([200, { ok: true, warnings: [expect.stringMatching(/lack their files/)] }]);
  await opened.storage.repairSession(opened.session.id);
  await look();
  expect(await ready()).toEqual([200, { ok: true }]);
});

test('many are counted, not listed', async () => {
  const lines: object[] = [];
  const problems = Array.from({ length: 50 }, (_, at) => ({
    folder: 'f',
    question: at,
    take: 1,
    file: `Q${at}`,
    problem: 'is missing',
  }));
  await createMissingAlarm({ findMissing: async () => problems }, { error: (line: object) => void lines.push(line) })();
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toEqual({ recordings: 50 });
});
