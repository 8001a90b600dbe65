/** The same interview, with a fault in each. Every test first shows that its fault happened. */
import { openRelay } from '../support/relay.ts';
import { spawnServer } from '../support/server.ts';
import {
  answer,
  expect,
  expectFinished,
  expectRecording,
  expectWholeInterview,
  logIn,
  statusOf,
  test,
} from './fixtures.ts';

test('a relay that cuts each connection after some KB', async ({ page, server, candidate }) => {
  let seed = 7;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  const relay = await openRelay({ to: { host: '127.0.0.1', port: server.port } });
  await logIn(page, relay.url, candidate);
  relay.setCut({ afterBytes: () => Math.round(30_000 + 150_000 * random()) });
  await page.getByRole('button', { name: 'Start interview' }).click();
  for (let question = 1; question <= 5; question++) await answer(page, question);
  await expectFinished(page);
  expect(relay.stats.cuts).toBeGreaterThan(5);
  await expectWholeInterview(page, server);
  await relay.close();
});

test('a cut exactly in the last data PATCH of each answer', async ({ page, server, candidate }) => {
  const relay = await openRelay({ to: { host: '127.0.0.1', port: server.port } });
  await logIn(page, relay.url, candidate);
  await page.getByRole('button', { name: 'Start interview' }).click();
  for (let question = 1; question <= 5; question++) {
    await expectRecording(page, question);
    await page.waitForTimeout(3000);
    const cutsBefore = relay.stats.cuts;
    // From here on the first PATCH with a body is the one that carries the answer's last bytes.
    // Twice: Chromium repeats a request by itself, once, when a connection that it used before is reset.
    relay.setCut({ times: 2, match: (head, bodyBytes) => head.startsWith('PATCH') && bodyBytes > 100 });
    await page.getByRole('button', { name: question === 5 ? 'Finish interview' : 'Next question' }).click();
    await expect.poll(() => relay.stats.cuts).toBe(cutsBefore + 2);
  }
  await expectFinished(page);
  await expectWholeInterview(page, server);
  await relay.close();
});

test('the browser is offline for 15 s', async ({ page, context, server, candidate }) => {
  await logIn(page, server.url, candidate);
  await page.getByRole('button', { name: 'Start interview' }).click();
  for (let question = 1; question <= 5; question++) {
    if (question !== 2) {
      await answer(page, question);
      continue;
    }
    await expectRecording(page, 2);
    await context.setOffline(true);
    await page.waitForTimeout(3000);
    await page.getByRole('button', { name: 'Next question' }).click();
    const status = page.getByRole('status');
    // Waits of 2, 4 and 8 s are told, then that it failed; the next question stays shut.
    for (const seconds of [2, 4])
      await expect(status.getByText(`Retrying in ${seconds} s`, { exact: true })).toBeVisible();
    await page.waitForTimeout(9000);
    await expect(page.getByRole('heading', { name: 'Question 2 of 5' })).toBeVisible();
    const { ackedBytes, recordedBytes } = await statusOf(page);
    expect(ackedBytes, 'offline, bytes wait on the device').toBeLessThan(recordedBytes);
    await context.setOffline(false);
  }
  await expectFinished(page);
  await expectWholeInterview(page, server);
});

test('kill -9 of the server in mid-upload, and a restart after 12 s', async ({ page, server, candidate }) => {
  await logIn(page, server.url, candidate);
  await page.getByRole('button', { name: 'Start interview' }).click();
  await answer(page, 1);
  await expectRecording(page, 2);
  await expect.poll(async () => (await statusOf(page)).ackedBytes).toBeGreaterThan(0);
  await server.stop('SIGKILL');
  await page.waitForTimeout(2000);
  await page.getByRole('button', { name: 'Next question' }).click();
  await expect(page.getByRole('status').getByText(/^Retrying in \d s$/)).toBeVisible();
  await page.waitForTimeout(10_000);
  const again = await spawnServer({ dataDir: server.dataDir, port: server.port });
  try {
    for (let question = 3; question <= 5; question++) await answer(page, question);
    await expectFinished(page);
    await expectWholeInterview(page, again);
  } finally {
    await again.stop();
  }
});
