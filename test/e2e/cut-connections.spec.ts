/** The interview over connections that are cut, and offline. Every test shows that its fault happened. */
import type { Page, Request } from '@playwright/test';
import { openNetwork } from '../support/network/network.ts';
import {
  answer,
  expect,
  expectFinished,
  expectRecording,
  expectWholeInterview,
  inBothSizes,
  logIn,
  noteStatus,
  press,
  statusOf,
  test,
} from './fixtures.ts';

const OFFLINE_MS = 30_000;

/**
 * Moves the page's clock by `seconds`, and after each second gives the page real time: an attempt that the second began reads
 * the database and fails in real time, while a clock that is moved by minutes would be far ahead when the attempt sets its
 * next timer.
 */
async function pass(page: Page, seconds: number): Promise<void> {
  const sending = new Set<Request>();
  page.on('request', (request) => sending.add(request));
  for (const end of ['requestfailed', 'requestfinished'] as const)
    page.on(end as 'requestfailed', (request) => sending.delete(request));
  const read = () =>
    page.evaluate(async () => {
      for (let reads = 0; reads < 5; reads++) await indexedDB.databases();
    });
  for (let second = 0; second < seconds; second++) {
    await page.clock.runFor(1000);
    await read();
    if (sending.size === 0) continue;
    await expect.poll(() => sending.size, { intervals: [10] }).toBe(0);
    await read();
  }
}

inBothSizes(() => {
  test('each connection is cut after 30 to 180 kB', async ({ page, server, candidate }) => {
    let seed = 7;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    const relay = await openNetwork({ to: { host: '127.0.0.1', port: server.port } });
    await logIn(page, relay.url, candidate);
    relay.setCut({ afterBytes: () => Math.round(30_000 + 150_000 * random()) });
    await page.getByRole('button', { name: 'Start interview' }).click();
    for (let question = 1; question <= 5; question++) await answer(page, question);
    await expectFinished(page);
    expect(relay.stats.cuts).toBeGreaterThan(5);
    await expectWholeInterview(page, server);
    await relay.close();
  });

  test('a cut in exactly the last data PATCH of each answer', async ({ page, server, candidate }) => {
    const relay = await openNetwork({ to: { host: '127.0.0.1', port: server.port } });
    await logIn(page, relay.url, candidate);
    await page.getByRole('button', { name: 'Start interview' }).click();
    for (let question = 1; question <= 5; question++) {
      await expectRecording(page, question);
      await page.waitForTimeout(2000);
      const cutsBefore = relay.stats.cuts;
      // From here on the first PATCH with a body is the one that carries the answer's last bytes.
      // Two cuts, because Chromium itself repeats a request once when a reused connection is reset.
      relay.setCut({ times: 2, match: (head, bodyBytes) => head.startsWith('PATCH') && bodyBytes > 100 });
      await press(page, question === 5 ? 'Finish interview' : 'Next question');
      await expect.poll(() => relay.stats.cuts).toBe(cutsBefore + 2);
    }
    await expectFinished(page);
    await expectWholeInterview(page, server);
    await relay.close();
  });

  test('offline for 30 s across the stop, and for ten minutes at a gate', async ({
    page,
    context,
    server,
    candidate,
  }) => {
    await page.clock.install();
    await logIn(page, server.url, candidate);
    await page.getByRole('button', { name: 'Start interview' }).click();
    await answer(page, 1);
    const status = page.getByRole('status');

    await expectRecording(page, 2);
    await context.setOffline(true);
    const offlineSince = Date.now();
    await page.waitForTimeout(2000);
    const noted = await noteStatus(page);
    await press(page, 'Next question');
    // The page shows waits of 2, 4 and 8 s, then the failure; the next question does not come.
    await expect(status.getByText('Upload Failed', { exact: true })).toBeVisible();
    expect(await noted()).toEqual(expect.arrayContaining([2, 4].map((seconds) => `Retrying in ${seconds} s`)));
    await page.waitForTimeout(offlineSince + OFFLINE_MS - Date.now());
    await expect(page.getByRole('heading', { name: 'Question 2 of 5' })).toBeVisible();
    const { ackedBytes, recordedBytes } = await statusOf(page);
    expect(ackedBytes, 'offline, bytes wait on the device').toBeLessThan(recordedBytes);
    await context.setOffline(false);
    expect(Date.now() - offlineSince).toBeGreaterThanOrEqual(OFFLINE_MS);
    await answer(page, 3);

    await expectRecording(page, 4);
    await context.setOffline(true);
    await page.waitForTimeout(2000);
    await press(page, 'Next question');
    const before = await page.evaluate(() => Date.now());
    await pass(page, 600);
    expect(await page.evaluate(() => Date.now())).toBeGreaterThanOrEqual(before + 600_000);
    await expect(status.getByText('Upload Failed', { exact: true })).toBeVisible();
    const attempts = (await statusOf(page)).takes.at(-1)?.attempts ?? 0;
    expect(attempts, 'at least one attempt every 15 s').toBeGreaterThanOrEqual(40);
    await context.setOffline(false);
    await answer(page, 5);
    await expectFinished(page);
    await expectWholeInterview(page, server);
  });
});
