/** Where a sitting could end in a dead end or lose an answer silently: there is always a way on. */
import type { Page } from '@playwright/test';
import { openRelay } from '../support/relay.ts';
import { spawnServer, type TestServer } from '../support/server.ts';
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
  test,
} from './fixtures.ts';

/** Runs in the page: its database takes no further chunk, as on a device that is full. */
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

test('an answer that the server refuses for good can be answered again', async ({ page, server }) => {
  await server.stop();
  const small = await spawnServer({ dataDir: server.dataDir, env: { TRESGO_MAX_ANSWER_BYTES: '200000' } });
  await logIn(page, small.url, await createCandidate(server.dataDir));
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('did not accept', { timeout: 30_000 });
  await expect(page.getByRole('button', { name: 'Keep this answer' })).toHaveCount(0);
  await press(page, 'Answer again');
  await expectRecording(page, 1);
  await page.waitForTimeout(500);
  await press(page, 'Next question');
  await expectRecording(page, 2);
  const { files } = await readSession(server);
  expect(files.find(({ name }) => name === 'Q1.webm')?.bytes).toBeLessThanOrEqual(200_000);
  await small.stop();
});

test('"Answer again", and a reload before it is sent: the new answer counts, and nothing passes it', async ({
  page,
  server,
  candidate,
}) => {
  const relay = await openRelay({ to: { host: '127.0.0.1', port: server.port } });
  await logIn(page, relay.url, candidate);
  await press(page, 'Start interview');
  for (let question = 1; question <= 4; question++) await answer(page, question, { seconds: 1 });
  await expectRecording(page, 5);
  await page.waitForTimeout(1500);
  await page.reload();
  await expect(page.getByRole('status').getByText('Upload Success', { exact: true })).toBeVisible();
  // Reloaded once more: the choice is still open.
  await page.reload();
  relay.setCut({ match: (head) => head.startsWith('POST /files') });
  await press(page, 'Answer again');
  await expectRecording(page, 5);
  await page.waitForTimeout(2500);
  await press(page, 'Finish interview');
  await expect(page.getByRole('status').getByText(/^Retrying in/)).toBeVisible();
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

test('the answer that was rejected never overrules the new one, whichever gets through first', async ({
  page,
  server,
  candidate,
}) => {
  const relay = await openRelay({ to: { host: '127.0.0.1', port: server.port } });
  await logIn(page, relay.url, candidate);
  relay.setCut({ match: (head) => head.startsWith('POST /files') });
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  await page.waitForTimeout(1500);
  await page.reload();
  await expect(page.getByRole('status').getByText('Upload Failed', { exact: true })).toBeVisible({ timeout: 40_000 });
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

test('a lost answer to the finish, and a page of somebody else’s: it ends all the same', async ({
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
  await page.route('**/api/session/finish', async (route) => {
    asked += 1;
    // The first try never gets there; the second does, and its answer is lost.
    if (asked > 1) await route.fetch();
    await route.fulfill(portal);
  });
  await press(page, 'Finish interview');
  await expect(page.getByRole('status').getByText(/^Retrying in/)).toBeVisible();
  await expect.poll(() => asked, { timeout: 20_000 }).toBeGreaterThan(1);
  await page.unroute('**/api/session/finish');
  await page.reload();
  await expectFinished(page);
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain(candidate.token);
  expect((await readSession(server)).meta.status).toBe('finished');
});

/** What lies in the folder is byte for byte what the recorder delivered. */
async function expectFirstAnswerWhole(page: Page, server: TestServer): Promise<void> {
  await expectRecording(page, 2);
  const [first] = await page.evaluate(() => window.__tapDigests());
  const { files } = await readSession(server);
  expect(files.find(({ name }) => name === 'Q1.webm')?.sha256).toBe(first?.sha256);
}

test('the device’s store fails in mid-answer: it is said, the recording goes on, and the answer is whole', async ({
  page,
  server,
  candidate,
}) => {
  await begin(page, server.url, candidate);
  await page.waitForTimeout(1500);
  await page.evaluate(fillDevice);
  await expect(page.getByRole('alert')).toContainText('This device is full');
  await expectRecording(page, 1);
  await page.waitForTimeout(1500);
  await press(page, 'Next question');
  await expectFirstAnswerWhole(page, server);
});

test('the browser’s data is deleted before an answer is sent: it is said, and the question asked again', async ({
  page,
  context,
  server,
  candidate,
}) => {
  await begin(page, server.url, candidate);
  await context.setOffline(true);
  await page.waitForTimeout(1500);
  await press(page, 'Next question');
  await expect(page.getByRole('status').getByText(/^Retrying in \d s$/)).toBeVisible();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Storage.clearDataForOrigin', { origin: server.url, storageTypes: 'indexeddb' });
  await context.setOffline(false);
  await expect(page.getByRole('alert')).toContainText('no longer on this device', { timeout: 30_000 });
  await press(page, 'Answer again');
  await answer(page, 1, { seconds: 2 });
  await expectRecording(page, 2);
  const { files } = await readSession(server);
  // The tap lost its database as well, and still has what it was given since.
  const last = await page.evaluate(async () => {
    const hash = await crypto.subtle.digest('SHA-256', await new Blob(window.__tap[1]?.blobs.slice()).arrayBuffer());
    return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
  });
  expect(files.find(({ name }) => name === 'Q1.webm')?.sha256).toBe(last);
});

test('the last chunk of an answer can’t be kept: it is sent from memory', async ({ page, server, candidate }) => {
  await begin(page, server.url, candidate);
  await page.waitForTimeout(2500);
  // Full from the press on: of this answer only the last chunk is still to come.
  await page.evaluate(`document.addEventListener('click', ${fillDevice})`);
  await press(page, 'Next question');
  await expectFirstAnswerWhole(page, server);
  await expect(page.locator('html'), 'the device took no more').toHaveAttribute('data-refused', 'yes');
});

test('the end of an answer can’t be written down: it holds nobody up, and the answer is whole', async ({
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

test('another choice of camera while one is being opened leaves none of them on', async ({
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
  await page.evaluate(() => {
    const camera = document.querySelector('select');
    for (let times = 0; times < 3; times++) camera?.dispatchEvent(new Event('change', { bubbles: true }));
  });
  const live = () =>
    page.evaluate(() => {
      const { opened } = window as unknown as { opened: MediaStream[] };
      return { opened: opened.length, live: opened.filter(({ active }) => active).length };
    });
  await expect.poll(live).toEqual({ opened: expect.any(Number), live: 1 });
  expect((await live()).opened).toBeGreaterThan(1);
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
  await expect(page.getByRole('alert')).toHaveCount(0);
});
