/** After an interruption: the network returns, the token is restored, another link is opened, an answer is missing at the end. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  admin,
  answer,
  begin,
  createCandidate,
  expect,
  expectFinished,
  expectNoSecondUpload,
  expectRecording,
  logIn,
  press,
  readSession,
  statusOf,
  test,
} from './fixtures.ts';

test('offline at the gate: the copy to save is the answer, and it is sent at once when the network is back', async ({
  page,
  context,
  server,
  candidate,
}) => {
  await begin(page, server.url, candidate);
  await context.setOffline(true);
  await page.waitForTimeout(2000);
  await press(page, 'Next question');
  await expect(page.getByRole('status').getByText('Upload Failed', { exact: true })).toBeVisible();

  const download = page.waitForEvent('download');
  await press(page, 'Save a copy');
  const copy = await readFile(await (await download).path());
  const [first] = await page.evaluate(() => window.__tapDigests());
  expect((await download).suggestedFilename()).toBe('TresGo-Q1.webm');
  expect(createHash('sha256').update(copy).digest('hex')).toBe(first?.sha256);

  // Right after an attempt by the page itself: its next attempt would come in 10 s at the earliest.
  const attempts = async () => (await statusOf(page)).takes.at(-1)?.attempts ?? 0;
  const before = await attempts();
  await expect.poll(attempts, { intervals: [100] }).toBeGreaterThan(before);
  await expect(page.getByRole('status').getByText('Upload Failed', { exact: true })).toBeVisible();
  await page.evaluate(() => addEventListener('online', () => performance.mark('online')));
  await context.setOffline(false);
  await expect(page.getByRole('heading', { name: 'Question 2 of 5' })).toBeVisible();
  const waitedMs = await page.evaluate(() => {
    const since = performance.getEntriesByName('online')[0]?.startTime ?? Number.POSITIVE_INFINITY;
    const requests = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/files'));
    return Math.min(...requests.map(({ startTime }) => startTime).filter((at) => at >= since)) - since;
  });
  expect(waitedMs).toBeLessThan(3000);
  const { files } = await readSession(server);
  expect(files.find(({ name }) => name === 'Q1.webm')?.sha256).toBe(first?.sha256);
});

test('a revoked token stops the upload and the page says so; restored, "Retry" and "Log in again" continue it', async ({
  page,
  server,
  candidate,
}) => {
  const uploads = new Set<string>();
  let created = 0;
  page.on('response', (response) => {
    const [method, url] = [response.request().method(), response.url()];
    if (method === 'POST' && url.endsWith('/files') && response.status() === 201) created += 1;
    if (method === 'PATCH' && response.status() === 204) uploads.add(url);
  });
  const revoke = async () => {
    await expect.poll(async () => (await statusOf(page)).ackedBytes).toBeGreaterThan(0);
    await admin(server.dataDir, 'token', 'revoke', candidate.id);
    await expect(page.getByRole('alert')).toContainText('Your token is no longer accepted');
    await press(page, 'Next question');
  };
  const expectWhole = async (question: number) => {
    const { files } = await readSession(server);
    const recording = (await page.evaluate(() => window.__tapDigests()))[question - 1];
    expect(files.find(({ name }) => name === `Q${question}.webm`)?.sha256).toBe(recording?.sha256);
  };
  await begin(page, server.url, candidate);
  await revoke();
  await expect(page.getByRole('status').getByText('Upload Failed', { exact: true })).toBeVisible();
  await admin(server.dataDir, 'token', 'restore', candidate.id);
  await press(page, 'Retry');
  await expectRecording(page, 2);
  await expectWhole(1);

  await revoke();
  await page.getByRole('link', { name: 'Log in again' }).click();
  await page.getByRole('textbox', { name: 'Token' }).fill(candidate.token);
  await admin(server.dataDir, 'token', 'restore', candidate.id);
  await page.getByRole('textbox', { name: 'Full name' }).fill('nguyen van a');
  await press(page, 'Log in');
  await press(page, 'Start interview');
  await expectRecording(page, 3);
  await expectWhole(2);
  for (let question = 3; question <= 5; question++) await answer(page, question, { seconds: 1 });
  await expectFinished(page);
  expect([created, uploads.size]).toEqual([5, 5]);
  await expectNoSecondUpload(server);
});

test('another candidate’s link in a second tab and the running interview do not disturb each other', async ({
  page,
  context,
  server,
  candidate,
}) => {
  await begin(page, server.url, candidate);
  const second = await context.newPage();
  await logIn(second, server.url, await createCandidate(server.dataDir, 'Tran Thi B'), 'tran thi b');
  const theirs = await second.evaluate(() => JSON.stringify({ ...localStorage }));
  await page.bringToFront();
  for (let question = 1; question <= 5; question++) await answer(page, question, { seconds: 1 });
  await expectFinished(page);
  expect(await second.evaluate(() => JSON.stringify({ ...localStorage }))).toBe(theirs);
  await second.reload();
  await expect(second.getByRole('button', { name: 'Start interview' })).toBeEnabled();
});

test('an answer that the server lacks at the end is recorded again', async ({ page, server, candidate }) => {
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  const lost = { status: 409, contentType: 'application/problem+json' };
  const body = JSON.stringify({ code: 'answers-missing', title: 'Answers are missing', status: 409, missing: [2] });
  let finishes = 0;
  await page.route('**/api/session/finish', async (route) => {
    finishes += 1;
    await (finishes === 1 ? route.fulfill({ ...lost, body }) : route.continue());
  });
  await page.route('**/api/session/start', async (route) => {
    const response = await route.fetch();
    // Before that, the page asks for the session's state, too.
    await route.fulfill({
      response,
      json: { ...(await response.json()), ...(finishes > 0 && { answered: [1, 3, 4, 5] }) },
    });
  });
  for (let question = 1; question <= 5; question++) await answer(page, question, { seconds: 1 });
  await expectRecording(page, 2);
  await page.waitForTimeout(1000);
  await press(page, 'Finish interview');
  await expectFinished(page);
  expect(finishes).toBe(2);
});
