/** The log has errors of this machine, not of the network, and not the same one every few seconds. */
import { rename, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createReportUnfinished, type Log, withoutErrors } from '../../../server/http/log.ts';
import { openAppInTest } from '../../support/server/use-app.ts';
import { openSession, recording, until } from '../../support/tus/tus.ts';

function collect(): { log: Log; lines: Array<{ level: string; message: string; details: object }> } {
  const lines: Array<{ level: string; message: string; details: object }> = [];
  const at = (level: string) => (details: object, message: string) => void lines.push({ level, message, details });
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

test('a PATCH that its client cut is no error', async () => {
  const { log, lines } = collect();
  const app = await openAppInTest({ log, idleMs: 100 });
  const { tus } = await openSession(app, 'Anna');
  const location = await tus.begin();
  const cut = await tus.openPatch(location, 0, 1_000);
  cut.socket.end(recording(10));
  await until(async () => (await tus.head(location)).headers.get('upload-offset') === '10');
  const silent = await tus.openPatch(location, 10, 1_000);
  expect(await silent.status).toBe(503);
  silent.socket.destroy();
  const early = lines.filter(({ message }) => message.startsWith('The request ended early'));
  expect(early).toMatchObject([{ level: 'info' }]);
  expect(lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
});

test('an answer that can’t be placed is logged once, however often its client asks', async () => {
  const { log, lines } = collect();
  const app = await openAppInTest({ log });
  const { tus, path } = await openSession(app, 'Anna');
  const location = await tus.begin();
  await tus.patch(location, 0, recording(10));
  await rename(path, `${path}.away`);
  await writeFile(path, 'in the way');
  for (let ask = 0; ask < 3; ask++) {
    expect((await tus.patch(location, 10, new Uint8Array(), { length: 10 })).status).toBe(503);
    await tus.head(location);
  }
  await until(() => lines.filter(({ message }) => message === 'request').length >= 9);
  expect(lines.filter(({ level }) => level === 'error')).toMatchObject([
    { message: 'the take can’t be finished yet', details: { upload: location.split('/').at(-1) } },
  ]);
});

test('a take that waits is logged again when the reason changes, and once a minute', () => {
  const { log, lines } = collect();
  let nowMs = 0;
  const report = createReportUnfinished(log, () => nowMs);
  for (nowMs = 0; nowMs < 180_000; nowMs += 5_000) report('a', new Error('EIO'));
  expect(lines).toHaveLength(3);
  report('b', new Error('EIO'));
  report('a', new Error('ENOENT'));
  report('a', new Error('ENOENT'));
  expect(lines).toHaveLength(5);
  expect(lines.every(({ level }) => level === 'error')).toBe(true);
});

test('a link that a mail program has rewritten brings its token to the server, and not into the log', async () => {
  const { log, lines } = collect();
  const app = await openAppInTest({ log });
  const secret = 'Zk3-CANARY-9';
  for (const path of [
    `/%23t=${secret}`,
    `/%2523t%253D${secret}`,
    `/t=${secret}`,
    `/?t=${secret}`,
    `/x/%23/t=${secret}`,
  ])
    for (const accept of ['text/html', '*/*']) await fetch(app.url + path, { headers: { Accept: accept } });
  expect(lines).toHaveLength(10);
  expect(JSON.stringify(lines)).not.toContain('CANARY');
});

test('on a full disk all takes that wait are one line a minute', () => {
  const { log, lines } = collect();
  let nowMs = 0;
  const report = createReportUnfinished(log, () => nowMs);
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
  for (nowMs = 0; nowMs < 120_000; nowMs += 5_000) for (let take = 0; take < 200; take++) report(`take ${take}`, full);
  expect(lines.map(({ details }) => details)).toEqual([
    { upload: 'take 0', reason: 'Error: write' },
    { upload: 'take 0', reason: 'Error: write', heldBack: 2_399 },
  ]);
});

test('a log that throws does not', () => {
  const broken = () => {
    throw new Error('ENOSPC');
  };
  const log = withoutErrors({ debug: broken, info: broken, warn: broken, error: broken });
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]({}, 'a line');
});
