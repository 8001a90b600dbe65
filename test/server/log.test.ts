/** What the log is told: errors of this machine, not of the network, and not the same one every few seconds. */
import { rename, writeFile } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import type { Log } from '../../server/app.ts';
import { createReportUnfinished } from '../../server/unfinished.ts';
import { openApp, type TestApp } from '../support/server.ts';
import { openSitting, recording, until } from '../support/tus.ts';

let app: TestApp | null = null;
afterEach(async () => {
  await app?.close();
  app = null;
});

function collect(): { log: Log; lines: Array<{ level: string; message: string; details: object }> } {
  const lines: Array<{ level: string; message: string; details: object }> = [];
  const at = (level: string) => (details: object, message: string) => void lines.push({ level, message, details });
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

test('a PATCH that its client cut is no error', async () => {
  const { log, lines } = collect();
  app = await openApp({ log, idleMs: 100 });
  const { tus } = await openSitting(app, 'Anna');
  const location = await tus.begin();
  const cut = await tus.openPatch(location, 0, 1_000);
  cut.socket.end(recording(10));
  await until(async () => (await tus.head(location)).headers.get('upload-offset') === '10');
  const silent = await tus.openPatch(location, 10, 1_000);
  expect(await silent.status).toBe(503);
  silent.socket.destroy();
  await until(() => lines.filter(({ message }) => message.startsWith('The request ended early')).length === 2);
  expect(lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
});

test('an answer that can’t be put in place is told once, however often its client asks', async () => {
  const { log, lines } = collect();
  app = await openApp({ log });
  const { tus, path } = await openSitting(app, 'Anna');
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

test('a take that waits is told again when the reason changes, and once a minute', () => {
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
