/** A reload ends the take: what was recorded is sent whole, and the candidate chooses. */
import type { Page } from '@playwright/test';
import type { TestServer } from '../support/server.ts';
import {
  answer,
  type Candidate,
  expect,
  expectFinished,
  expectNoSecondUpload,
  expectPlayable,
  expectRecording,
  logIn,
  readSession,
  statusOf,
  test,
} from './fixtures.ts';

const TIMESLICE_MS = 500;
const TOLERANCE_MS = 500;

async function reloadInQuestion2(page: Page, server: TestServer, candidate: Candidate): Promise<void> {
  await logIn(page, server.url, candidate);
  await page.getByRole('button', { name: 'Start interview' }).click();
  await answer(page, 1);
  await expectRecording(page, 2);
  await page.waitForTimeout(4000);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Keep this answer' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Answer again' })).toBeVisible();
}

test('"Keep this answer": the interrupted take is the answer', async ({ page, server, candidate }) => {
  await reloadInQuestion2(page, server, candidate);
  await page.getByRole('button', { name: 'Keep this answer' }).click();
  for (let question = 3; question <= 5; question++) await answer(page, question);
  await expectFinished(page);
  await expectNoSecondUpload(server);

  const { files } = await readSession(server);
  expect(files.map(({ name }) => name)).toEqual(['meta.json', 'Q1.webm', 'Q2.webm', 'Q3.webm', 'Q4.webm', 'Q5.webm']);
  const kept = files.find(({ name }) => name === 'Q2.webm');
  const delivered = await page.evaluate(() => window.__tapDigests({ prefixes: true }));
  // Recordings in order: 1, the interrupted 2, 3, 4, 5.
  expect(delivered).toHaveLength(5);
  const sent = delivered[1]?.prefixes?.find(({ sha256 }) => sha256 === kept?.sha256);
  expect(sent, 'the file is what MediaRecorder delivered, up to one of its slices').toBeDefined();
  expect(4000 - (sent?.recordedMs ?? 0)).toBeLessThan(TIMESLICE_MS + TOLERANCE_MS);
  if (kept && sent) await expectPlayable(kept, sent, { cutShort: true });
  const { gate } = await statusOf(page);
  expect(gate.at(-1)?.question).toBe(5);
});

test('"Answer again": the new take counts, the interrupted one lies in takes/', async ({ page, server, candidate }) => {
  await reloadInQuestion2(page, server, candidate);
  await page.getByRole('button', { name: 'Answer again' }).click();
  for (let question = 2; question <= 5; question++) await answer(page, question);
  await expectFinished(page);
  await expectNoSecondUpload(server);

  const { files, meta } = await readSession(server);
  expect(files.map(({ name }) => name)).toEqual([
    'meta.json',
    'Q1.webm',
    'Q2.webm',
    'Q3.webm',
    'Q4.webm',
    'Q5.webm',
    'takes/Q2-1.webm',
  ]);
  const delivered = await page.evaluate(() => window.__tapDigests({ prefixes: true }));
  // Recordings in order: 1, the interrupted 2, 2 again, 3, 4, 5.
  expect(delivered).toHaveLength(6);
  const [, interrupted, again] = delivered;
  const file = (name: string) => files.find((each) => each.name === name);
  expect(file('Q2.webm')?.sha256).toBe(again?.sha256);
  expect(interrupted?.prefixes?.map(({ sha256 }) => sha256)).toContain(file('takes/Q2-1.webm')?.sha256);
  expect(meta.files.map(({ questionIndex }) => questionIndex)).toEqual([1, 2, 3, 4, 5]);
});
