/** A device that is full, opens its storage late or not at all, or throws an unexpected error: no answer is lost or hidden, and the page says what is wrong. */
import type { Page } from '@playwright/test';
import { openChromium } from '../support/browser/chromium-process.ts';
import { type Network, openNetwork } from '../support/network/network.ts';
import { type TestServer, temporaryFolder } from '../support/server/server.ts';
import {
  answer,
  type Candidate,
  expect,
  expectFinished,
  expectNoSecondUpload,
  expectRecording,
  inBothSizes,
  logIn,
  press,
  readSession,
  speak,
  statusOf,
  test,
} from './fixtures.ts';

/** Runs in the page before its own scripts: its database can be read, and refuses every write. */
function fillDevice(): void {
  for (const method of ['put', 'add'] as const) {
    const write = IDBObjectStore.prototype[method];
    IDBObjectStore.prototype[method] = function (this: IDBObjectStore, ...args: Parameters<typeof write>) {
      if (this.transaction.db.name !== 'tresgo') return write.apply(this, args);
      throw new DOMException('The disk is full', 'QuotaExceededError');
    };
  }
}

declare global {
  interface Window {
    /** Set by `openLate`: the database opens now. */
    __openDatabase: () => void;
  }
}

/** Runs in the page before its own scripts: its database opens when the test says so. */
function openLate(): void {
  const said = new Promise<void>((resolve) => {
    window.__openDatabase = resolve;
  });
  const open = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (this: IDBFactory, ...args: Parameters<typeof open>) {
    const request = open.apply(this, args);
    if (args[0] !== 'tresgo') return request;
    const add = request.addEventListener.bind(request) as (type: string, listener: (event: Event) => void) => void;
    request.addEventListener = (type: string, listener: unknown) =>
      add(type, (event) => void said.then(() => (listener as (event: Event) => void)(event)));
    return request;
  };
}

/** Records an answer of which no byte has left the device; afterwards the network works again. */
async function recordOffline(page: Page, relay: Network, candidate: Candidate): Promise<void> {
  await logIn(page, relay.url, candidate);
  relay.setCut({ match: (head) => head.startsWith('POST /files') });
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  await speak(page);
  relay.setCut(null);
}

/** Expects `Q1.webm` to be the first recording, up to one of its slices. */
async function expectFirstAnswer(page: Page, server: TestServer): Promise<void> {
  const { files } = await readSession(server);
  const [first] = await page.evaluate(() => window.__tapDigests({ prefixes: true }));
  expect(first?.prefixes?.map(({ sha256 }) => sha256)).toContain(files.find(({ name }) => name === 'Q1.webm')?.sha256);
}

let relay: Network;
test.beforeEach(async ({ server }) => {
  relay = await openNetwork({ to: { host: '127.0.0.1', port: server.port } });
});
test.afterEach(() => relay.close());

test('a reload on a full device: the recorded answer is there, can be kept, and arrives', async ({
  page,
  server,
  candidate,
}) => {
  await recordOffline(page, relay, candidate);
  await page.addInitScript(fillDevice);
  await page.reload();
  await press(page, 'Keep this answer');
  await expectRecording(page, 2);
  await expect(page.getByRole('alert'), 'the next answer is in memory alone').toContainText('This device is full');
  await expectFirstAnswer(page, server);
});

test('a storage that opens late and holds an answer: the page says so and waits for it', async ({
  page,
  server,
  candidate,
}) => {
  await recordOffline(page, relay, candidate);
  await page.addInitScript(openLate);
  await page.reload();
  await expect(page.getByRole('status'), 'the page is not empty meanwhile').toContainText(
    'Getting your interview ready',
  );
  await expect(page.getByRole('alert')).toContainText('The storage of this device can’t be opened yet');
  await page.evaluate(() => window.__openDatabase());
  await press(page, 'Keep this answer');
  await expectRecording(page, 2);
  await expectFirstAnswer(page, server);
});

test('a storage that opens late and holds no answer: the page says so and begins without it', async ({
  page,
  candidate,
}) => {
  await page.addInitScript(openLate);
  await logIn(page, relay.url, candidate);
  await expect(page.getByRole('alert')).toContainText('This browser keeps nothing on the device');
});

test('a browser without locks whose localStorage is full: the interview continues', async ({ page, candidate }) => {
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

test('an unexpected error is shown, and "Try again" begins anew', async ({ page, candidate }) => {
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
  const detail = page.getByText('unexpected: Nobody foresaw this');
  await expect(detail).toHaveCount(1);
  await expect(detail, 'folded, for support').toBeHidden();
  await press(page, 'Try again');
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
});

inBothSizes((screen) => {
  test('the device is full in mid-answer: the page says so, the recording continues, and everything arrives', async ({
    server,
    candidate,
  }) => {
    // Chromium sets a quota only for a context with a profile.
    const profile = await temporaryFolder();
    const { page, context, close } = await openChromium(profile.path, screen);
    try {
      await logIn(page, server.url, candidate);
      await press(page, 'Start interview');
      await expectRecording(page, 1);
      await speak(page, 20_000);
      const { origin } = new URL(page.url());
      const devtools = await context.newCDPSession(page);
      await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
      // Chromium looks at its quota again only after half a minute.
      await expect(page.getByRole('alert')).toContainText('This device is full');
      const { recordedBytes } = await statusOf(page);
      await expect.poll(async () => (await statusOf(page)).recordedBytes).toBeGreaterThan(recordedBytes + 20_000);
      await expectRecording(page, 1);
      await press(page, 'Next question');
      await answer(page, 2);
      await expectRecording(page, 3);
      await devtools.send('Storage.overrideQuotaForOrigin', { origin });
      for (let question = 3; question <= 5; question++) await answer(page, question);
      await expectFinished(page);
      const { files, meta } = await readSession(server);
      expect(files.map(({ name }) => name)).toEqual([
        'meta.json',
        'Q1.webm',
        'Q2.webm',
        'Q3.webm',
        'Q4.webm',
        'Q5.webm',
      ]);
      expect(files.slice(1).map(({ sha256 }) => sha256)).toEqual(await page.evaluate(digestsInMemory));
      expect(meta.status).toBe('finished');
      await expectNoSecondUpload(server);
    } finally {
      await close();
      await profile.remove();
    }
  });
});

/** Digests of the recordings since the page was loaded. The tap's own database is full as well. */
async function digestsInMemory(): Promise<string[]> {
  const digest = async ({ blobs }: { blobs: readonly Blob[] }) => {
    const hash = await crypto.subtle.digest('SHA-256', await new Blob([...blobs]).arrayBuffer());
    return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  return Promise.all(window.__tap.map(digest));
}
