/** A device that keeps nothing new, opens its store late, or throws where nobody expects it: no answer is hidden, nothing stands still. */
import type { Page } from '@playwright/test';
import { openRelay, type Relay } from '../support/relay.ts';
import type { TestServer } from '../support/server.ts';
import { type Candidate, expect, expectRecording, logIn, press, readSession, statusOf, test } from './fixtures.ts';

/** Runs in the page before its own scripts: its database can be read, and takes nothing. */
function fillDevice(): void {
  for (const method of ['put', 'add'] as const) {
    const write = IDBObjectStore.prototype[method];
    IDBObjectStore.prototype[method] = function (this: IDBObjectStore, ...args: Parameters<typeof write>) {
      if (this.transaction.db.name !== 'tresgo') return write.apply(this, args);
      throw new DOMException('The disk is full', 'QuotaExceededError');
    };
  }
}

/** Runs in the page before its own scripts: its database opens after `delayMs`. */
function openLate(delayMs: number): void {
  const open = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (this: IDBFactory, ...args: Parameters<typeof open>) {
    const request = open.apply(this, args);
    if (args[0] !== 'tresgo') return request;
    const add = request.addEventListener.bind(request) as (type: string, listener: (event: Event) => void) => void;
    request.addEventListener = (type: string, listener: unknown) =>
      add(type, (event) => setTimeout(listener as (event: Event) => void, delayMs, event));
    return request;
  };
}

/** An answer of which nothing has left the device; the way out is open again after. */
async function recordOffline(page: Page, relay: Relay, candidate: Candidate): Promise<void> {
  await logIn(page, relay.url, candidate);
  relay.setCut({ match: (head) => head.startsWith('POST /files') });
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  await expect.poll(async () => (await statusOf(page)).persistedBytes).toBeGreaterThan(60_000);
  relay.setCut(null);
}

/** Up to one of the recorder's slices. */
async function expectFirstAnswer(page: Page, server: TestServer): Promise<void> {
  const { files } = await readSession(server);
  const [first] = await page.evaluate(() => window.__tapDigests({ prefixes: true }));
  expect(first?.prefixes?.map(({ sha256 }) => sha256)).toContain(files.find(({ name }) => name === 'Q1.webm')?.sha256);
}

let relay: Relay;
test.beforeEach(async ({ server }) => {
  relay = await openRelay({ to: { host: '127.0.0.1', port: server.port } });
});
test.afterEach(() => relay.close());

test('a reload on a full device: what was recorded is there, can be kept, and arrives', async ({
  page,
  server,
  candidate,
}) => {
  await recordOffline(page, relay, candidate);
  await page.addInitScript(fillDevice);
  await page.reload();
  await press(page, 'Keep this answer');
  await expectRecording(page, 2);
  await expect(page.getByRole('alert'), 'the next answer lives in the page').toContainText('This device is full');
  await expectFirstAnswer(page, server);
});

test('a store that opens late: it is said, and waited for, because it holds an answer', async ({
  page,
  server,
  candidate,
}) => {
  await recordOffline(page, relay, candidate);
  await page.addInitScript(openLate, 8000);
  await page.reload();
  await expect(page.getByRole('status'), 'the page is not empty meanwhile').toContainText(
    'Getting your interview ready',
  );
  await expect(page.getByRole('alert')).toContainText('The storage of this device does not open');
  await press(page, 'Keep this answer');
  await expectRecording(page, 2);
  await expectFirstAnswer(page, server);
});

test('a store that opens late on a device that holds no answer: the interview begins without it, and says so', async ({
  page,
  candidate,
}) => {
  await page.addInitScript(openLate, 60_000);
  await logIn(page, relay.url, candidate);
  await expect(page.getByRole('alert')).toContainText('This browser keeps nothing on the device');
});

test('a browser that gives no lock, and keeps no note any more: the interview goes on', async ({ page, candidate }) => {
  await page.addInitScript(() => {
    LockManager.prototype.request = () => Promise.reject(new DOMException('Blocked', 'SecurityError'));
  });
  await logIn(page, relay.url, candidate);
  await page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('The disk is full', 'QuotaExceededError');
    };
  });
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  await page.waitForTimeout(1500);
  await press(page, 'Next question');
  await expectRecording(page, 2);
});

test('a failure that nobody foresaw is said, and "Try again" begins anew', async ({ page, candidate }) => {
  await page.addInitScript(() => {
    const getAll = IDBIndex.prototype.getAll;
    IDBIndex.prototype.getAll = function (this: IDBIndex, ...args: Parameters<typeof getAll>) {
      if (sessionStorage.getItem('broken') === null) return getAll.apply(this, args);
      sessionStorage.removeItem('broken');
      throw new TypeError('Nobody foresaw this');
    };
  });
  await page.goto(relay.url);
  await page.evaluate(() => sessionStorage.setItem('broken', 'yes'));
  await page.getByRole('textbox', { name: 'Token' }).fill(candidate.token);
  await page.getByRole('textbox', { name: 'Full name' }).fill('nguyen van a');
  await press(page, 'Log in');
  await expect(page.getByRole('alert')).toContainText('Something went wrong on this page');
  await expect(page.getByRole('alert')).toContainText('Nobody foresaw this');
  await press(page, 'Try again');
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
});
