/** What an interview can be set to: practice, time to think, limits, takes, pauses, answering without waiting for uploads. */
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { readSpool } from '../support/browser/spool-reader.ts';
import type { TestServer } from '../support/server/server.ts';
import {
  answer,
  expect,
  expectFinished,
  expectRecording,
  inviteToOwnInterview,
  logIn,
  openReceipt,
  PHONE,
  press,
  readSession,
  test,
} from './fixtures.ts';

/** Counts the records in every database of the page but the tap's, one number for each object store. */
async function countRecords(): Promise<number[]> {
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const counts: number[] = [];
  for (const { name } of await indexedDB.databases()) {
    if (name === undefined || name === 'tap') continue;
    const database = await done(indexedDB.open(name));
    for (const store of database.objectStoreNames)
      counts.push(await done(database.transaction(store).objectStore(store).count()));
    database.close();
  }
  return counts;
}

/** Reads the digests (SHA-256) of MediaRecorder's recordings in order, and those of the stored files by name. */
async function compare(page: Page, server: TestServer) {
  const delivered = await page.evaluate(() => window.__tapDigests());
  const { files, meta } = await readSession(server);
  const digests = Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256]));
  return { delivered: delivered.map(({ sha256 }) => sha256), digests, names: Object.keys(digests), meta };
}

test.describe('on a phone', () => {
  test.use(PHONE);

  test('gate "end": all questions are recorded without a network, and the gate stays shut before the finish', async ({
    page,
    context,
    server,
  }) => {
    const candidate = await inviteToOwnInterview(
      server,
      'gate: end',
      'questions:',
      '  - text: One',
      '  - text: Two',
      '  - text: Three',
    );
    await logIn(page, server.url, candidate);
    await context.setOffline(true);
    await press(page, 'Start interview');
    for (let question = 1; question <= 3; question++) await answer(page, question, { of: 3 });
    await expect(page.getByRole('status').getByText('Upload Failed', { exact: true })).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Interview finished' })).toHaveCount(0);
    expect(await page.evaluate(readSpool)).toMatchObject([
      { question: 1, ended: true },
      { question: 2, ended: true },
      { question: 3, ended: true },
    ]);
    await context.setOffline(false);
    await expectFinished(page);
    const { delivered, digests, names, meta } = await compare(page, server);
    expect(names).toEqual(['meta.json', 'Q1.webm', 'Q2.webm', 'Q3.webm']);
    expect(['Q1.webm', 'Q2.webm', 'Q3.webm'].map((name) => digests[name])).toEqual(delivered);
    expect(meta.status).toBe('finished');
  });
});

test('practice, time to think, a limit, two takes, a pause and a receipt', async ({ page, server }) => {
  const candidate = await inviteToOwnInterview(
    server,
    'keepTakes: true',
    'questions:',
    '  - {text: Think first, thinkSeconds: 60, maxSeconds: 60}',
    '  - {text: Be quick, thinkSeconds: 2, maxSeconds: 5}',
    '  - {text: Once more, maxTakes: 2}',
  );
  const requests: string[] = [];
  page.on('request', (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`));
  await logIn(page, server.url, candidate);

  await expect.poll(() => requests.filter((line) => line.endsWith(' /api/uplink')).length).toBeGreaterThan(1);
  await press(page, 'Practice question');
  await expect(page.getByRole('heading', { name: 'Practice' })).toBeVisible();
  await page.waitForTimeout(1500);
  await press(page, 'Stop');
  await expect(page.locator('video[src^="blob:"]')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Try once more' })).toBeVisible();
  const kept = await page.evaluate(countRecords);
  expect(kept.length, 'the spool is there').toBeGreaterThan(0);
  expect(
    kept.every((count) => count === 0),
    'practice keeps nothing',
  ).toBe(true);
  await press(page, 'Back to the check');
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
  expect(
    requests.filter((line) => line.includes('/files')),
    'practice sends nothing',
  ).toEqual([]);
  expect(await page.evaluate(readSpool), 'practice keeps nothing').toEqual([]);
  const practised = (await page.evaluate(() => window.__tapDigests())).length;
  expect(practised, 'it was recorded').toBe(1);

  await press(page, 'Start interview');
  const timer = page.getByRole('timer');
  await expect(timer).toBeVisible();
  const left = await timer.textContent();
  await expect(timer).not.toHaveText(left ?? '');
  expect(await page.evaluate(readSpool), 'nothing is recorded during the time to think').toEqual([]);
  await press(page, 'Answer now');
  await expectRecording(page, 1, 3);
  await page.waitForTimeout(1500);
  await page.getByRole('button', { name: 'Pause after this answer' }).click();
  await press(page, 'Next question');

  await expect(page.getByRole('heading', { name: 'Take a break' })).toBeVisible();
  expect(
    await page.evaluate(() => (document.querySelector('video')?.srcObject as MediaStream | null)?.active),
  ).not.toBe(true);
  await press(page, 'Continue');

  // The time to think and the answer both end by themselves.
  await expectRecording(page, 2, 3);
  await expect(page.getByText(/^About \d+ seconds? left/)).toBeVisible();
  await expectRecording(page, 3, 3);
  const [, , limited] = await page.evaluate(() => window.__tapDigests());
  expect(limited?.recordedMs, 'the limit ended it').toBeGreaterThan(4900);

  await page.waitForTimeout(1500);
  await press(page, 'Finish interview');
  await expect(page.getByRole('heading', { name: 'Your answer is recorded' })).toBeVisible();
  await press(page, 'Answer again (1 take left)');
  await expectRecording(page, 3, 3);
  await page.waitForTimeout(2500);
  await press(page, 'Finish interview');
  await expectFinished(page);

  const { delivered, digests, names } = await compare(page, server);
  expect(names).toEqual(['meta.json', 'Q1.webm', 'Q2.webm', 'Q3.webm', 'takes/Q3-1.webm']);
  const [, one, two, first, second] = delivered;
  expect([one, two, first, second]).toEqual(
    ['Q1.webm', 'Q2.webm', 'takes/Q3-1.webm', 'Q3.webm'].map((name) => digests[name]),
  );

  await openReceipt(page);
  for (const name of ['Q1.webm', 'Q2.webm', 'Q3.webm'])
    await expect(page.getByRole('table')).toContainText(digests[name]?.slice(0, 8) ?? '');
  const download = page.waitForEvent('download');
  await press(page, 'Save receipt');
  const receipt = await readFile(await (await download).path(), 'utf8');
  for (const name of ['Q1.webm', 'Q2.webm', 'Q3.webm']) expect(receipt).toContain(digests[name]);
  expect(receipt).not.toContain(candidate.token);
});
