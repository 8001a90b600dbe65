/** Where an interview could reach a dead end or lose an answer silently: the candidate can always continue. */
import type { Page } from '@playwright/test';
import { openNetwork } from '../support/network/network.ts';
import { spawnServer, type TestServer } from '../support/server/server.ts';
import {
  answer,
  begin,
  createCandidate,
  expect,
  expectFinished,
  expectRecording,
  logIn,
  press,
  readSession,
  speak,
  test,
} from './fixtures.ts';

/** Runs in the page: its database refuses every further chunk, as on a full device. */
function fillDevice(): void {
  const add = IDBObjectStore.prototype.add;
  IDBObjectStore.prototype.add = function (this: IDBObjectStore, ...args: Parameters<typeof add>) {
    if (this.name === 'chunks') {
      document.documentElement.dataset.refused = 'yes';
      throw new DOMException('The disk is full', 'QuotaExceededError');
    }
    return add.apply(this, args);
  };
}

test('"Next question" at once still makes an answer', async ({ page, server, candidate }) => {
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  await press(page, 'Next question');
  await expectRecording(page, 2);
  const { files } = await readSession(server);
  expect(files.find(({ name }) => name === 'Q1.webm')?.bytes).toBeGreaterThan(0);
});

test('an answer as large as the server takes ends whole, and counts', async ({ page, server }) => {
  await server.stop();
  const small = await spawnServer({ dataDir: server.dataDir, env: { TRESGO_MAX_ANSWER_BYTES: '150000' } });
  await begin(page, small.url, await createCandidate(server.dataDir));
  await expect(page.getByText(/^About .+ left/)).toBeVisible();
  await expectRecording(page, 2);
  const { files } = await readSession(server);
  const [first] = files.filter(({ name }) => name === 'Q1.webm');
  expect(first?.bytes).toBeLessThanOrEqual(150_000);
  expect(first?.bytes).toBeGreaterThan(75_000);
  await small.stop();
});

test('an answer that the server refuses for good can be recorded again', async ({ page, server }) => {
  await server.stop();
  let small = await spawnServer({ dataDir: server.dataDir, env: { TRESGO_MAX_ANSWER_BYTES: '200000' } });
  // As a server does that tells no limit.
  await page.route('**/api/session/start', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), maxBytes: undefined } });
  });
  await logIn(page, small.url, await createCandidate(server.dataDir));
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('did not accept');
  await expect(page.getByRole('button', { name: 'Keep this answer' })).toHaveCount(0);
  // However slowly the next answer is ended, it must be within the limit.
  await small.stop();
  small = await spawnServer({ dataDir: server.dataDir, port: small.port });
  await press(page, 'Answer again');
  await expectRecording(page, 1);
  await press(page, 'Next question');
  await expectRecording(page, 2);
  const [refused, again] = await page.evaluate(() => window.__tapDigests());
  expect(refused?.bytes).toBeGreaterThan(200_000);
  const { files } = await readSession(server);
  expect(files.find(({ name }) => name === 'Q1.webm')?.sha256).toBe(again?.sha256);
  await small.stop();
});

test('"Answer again", and a reload before the new answer is sent: the new answer counts, and the page waits for it', async ({
  page,
  server,
  candidate,
}) => {
  const relay = await openNetwork({ to: { host: '127.0.0.1', port: server.port } });
  await logIn(page, relay.url, candidate);
  await press(page, 'Start interview');
  for (let question = 1; question <= 4; question++) await answer(page, question, { seconds: 1 });
  await expectRecording(page, 5);
  await speak(page);
  await page.reload();
  await expect(page.getByRole('status').getByText('Upload Success', { exact: true })).toBeVisible();
  // After another reload the candidate can still choose.
  await page.reload();
  relay.setCut({ match: (head) => head.startsWith('POST /files') });
  await press(page, 'Answer again');
  await expectRecording(page, 5);
  await page.waitForTimeout(2500);
  await press(page, 'Finish interview');
  await expect(page.getByRole('status').getByText(/^(Retrying in \d s|Upload Failed)$/)).toBeVisible();
  expect(relay.stats.cuts).toBeGreaterThan(0);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Question 5 of 5' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Interview finished' })).toHaveCount(0);
  relay.setCut(null);
  await expectFinished(page);
  const { files } = await readSession(server);
  const delivered = await page.evaluate(() => window.__tapDigests());
  expect(files.find(({ name }) => name === 'Q5.webm')?.sha256).toBe(delivered.at(-1)?.sha256);
  expect(files.map(({ name }) => name)).toContain('takes/Q5-1.webm');
  await relay.close();
});

test('the rejected answer never replaces the new one, whichever arrives first', async ({ page, server, candidate }) => {
  const relay = await openNetwork({ to: { host: '127.0.0.1', port: server.port } });
  await logIn(page, relay.url, candidate);
  relay.setCut({ match: (head) => head.startsWith('POST /files') });
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  await speak(page);
  await page.reload();
  await expect(page.getByRole('status').getByText('Upload Failed', { exact: true })).toBeVisible();
  await press(page, 'Answer again');
  await expectRecording(page, 1);
  await page.waitForTimeout(2500);
  relay.setCut(null);
  await press(page, 'Next question');
  await expectRecording(page, 2);
  const { files } = await readSession(server);
  const delivered = await page.evaluate(() => window.__tapDigests());
  expect(files.find(({ name }) => name === 'Q1.webm')?.sha256).toBe(delivered[1]?.sha256);
  await relay.close();
});

test('a lost response to the finish, and a Wi-Fi portal in its place: the interview ends all the same', async ({
  page,
  server,
  candidate,
}) => {
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  for (let question = 1; question <= 4; question++) await answer(page, question, { seconds: 1 });
  await expectRecording(page, 5);
  const portal = { status: 200, contentType: 'text/html', body: '<h1>Hotel Wi-Fi</h1>' };
  let asked = 0;
  let lost = 0;
  await page.route('**/api/session/finish', async (route) => {
    asked += 1;
    // The first request never arrives; the second does, and its response is lost.
    if (asked > 1) await route.fetch();
    await route.fulfill(portal);
    lost += 1;
  });
  await press(page, 'Finish interview');
  await expect(page.getByRole('status').getByText(/^Retrying in/)).toBeVisible();
  await expect.poll(() => lost).toBeGreaterThan(1);
  await page.unroute('**/api/session/finish');
  await page.reload();
  await expectFinished(page);
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain(candidate.token);
  expect((await readSession(server)).meta.status).toBe('finished');
});

/** Waits for question 2, and expects `Q1.webm` to be byte for byte the first recording. */
async function expectFirstAnswerWhole(page: Page, server: TestServer): Promise<void> {
  await expectRecording(page, 2);
  const [first] = await page.evaluate(() => window.__tapDigests());
  const { files } = await readSession(server);
  expect(files.find(({ name }) => name === 'Q1.webm')?.sha256).toBe(first?.sha256);
}

test('the browser’s data is deleted before an answer is sent: the page says so and asks the question again', async ({
  page,
  context,
  server,
  candidate,
}) => {
  await begin(page, server.url, candidate);
  await context.setOffline(true);
  await page.waitForTimeout(1500);
  await press(page, 'Next question');
  await expect(page.getByRole('status').getByText(/^(Retrying in \d s|Upload Failed)$/)).toBeVisible();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Storage.clearDataForOrigin', { origin: server.url, storageTypes: 'indexeddb' });
  await context.setOffline(false);
  await expect(page.getByRole('alert')).toContainText('no longer on this device');
  await press(page, 'Answer again');
  await answer(page, 1, { seconds: 2 });
  await expectRecording(page, 2);
  const { files } = await readSession(server);
  // The tap lost its database as well, and still has in memory what was recorded since.
  const last = await page.evaluate(async () => {
    const hash = await crypto.subtle.digest('SHA-256', await new Blob(window.__tap[1]?.blobs.slice()).arrayBuffer());
    return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
  });
  expect(files.find(({ name }) => name === 'Q1.webm')?.sha256).toBe(last);
});

test('the device cannot keep the last chunk of an answer: the chunk is sent from memory', async ({
  page,
  server,
  candidate,
}) => {
  await begin(page, server.url, candidate);
  await page.waitForTimeout(2500);
  // The device is full from the click on: only the last chunk of this answer is still to come.
  await page.evaluate(`document.addEventListener('click', ${fillDevice})`);
  await press(page, 'Next question');
  await expectFirstAnswerWhole(page, server);
  await expect(page.locator('html'), 'the device took no more').toHaveAttribute('data-refused', 'yes');
});

test('the device cannot note the end of an answer: the next question comes, and the answer is whole', async ({
  page,
  server,
  candidate,
}) => {
  await begin(page, server.url, candidate);
  await page.waitForTimeout(1500);
  await page.evaluate(() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...args: Parameters<typeof put>) {
      if (!(args[0] as { ended?: boolean }).ended) return put.apply(this, args);
      document.documentElement.dataset.refused = 'yes';
      throw new DOMException('Busy', 'QuotaExceededError');
    };
  });
  await press(page, 'Next question');
  await expectFirstAnswerWhole(page, server);
  await expect(page.locator('html'), 'the device wrote no end').toHaveAttribute('data-refused', 'yes');
});

test('another camera chosen while one is being opened: one camera stays on, the others are switched off', async ({
  page,
  server,
  candidate,
}) => {
  await page.addInitScript(() => {
    const opened: MediaStream[] = [];
    Object.assign(window, { opened });
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (constraints) => {
      const stream = await open(constraints);
      opened.push(stream);
      return stream;
    };
  });
  await logIn(page, server.url, candidate);
  await page.getByRole('combobox', { name: 'Camera' }).evaluate((camera) => {
    for (let times = 0; times < 3; times++) camera.dispatchEvent(new Event('change', { bubbles: true }));
  });
  const live = () =>
    page.evaluate(() => {
      const { opened } = window as unknown as { opened: MediaStream[] };
      return { opened: opened.length, live: opened.filter(({ active }) => active).length };
    });
  await expect.poll(async () => (await live()).opened, 'another was opened').toBeGreaterThan(1);
  await expect.poll(async () => (await live()).live).toBe(1);
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
  await expect(page.getByRole('alert')).toHaveCount(0);
});
