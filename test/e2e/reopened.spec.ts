/** A finished session that an admin opens again, on the device that holds its receipt: the question that is asked again, and a new receipt. */
import path from 'node:path';
import {
  admin,
  answer,
  expect,
  expectFinished,
  expectNoSecondUpload,
  expectRecording,
  inviteToOwnInterview,
  logIn,
  openReceipt,
  press,
  readSession,
  statusOf,
  test,
} from './fixtures.ts';

test('the same link goes on with the question that is asked again, and the end shows the new receipt', async ({
  page,
  server,
}) => {
  const candidate = await inviteToOwnInterview(server, 'questions:', '  - {text: One}', '  - {text: Two}');
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  for (const index of [1, 2]) await answer(page, index, { of: 2 });
  await expectFinished(page);
  const digests = page.locator('.receipt-full code');
  const first = await digests.allTextContents();
  expect(first).toEqual((await readSession(server)).meta.files.map(({ sha256 }) => sha256));

  const { folder } = await readSession(server);
  const done = await admin(server.dataDir, 'session', 'reopen', path.basename(folder), '--question', '1');
  expect(done).toMatchObject({ withdrawn: [1], answered: [2] });
  await logIn(page, server.url, candidate);
  await expect(digests, 'nothing of the earlier end').toHaveCount(0);
  await press(page, 'Start interview');
  await expectRecording(page, 1, 2);
  await expect.poll(async () => (await statusOf(page)).persistedBytes).toBeGreaterThan(50_000);
  await page.reload();
  await press(page, 'Keep this answer');
  await expectFinished(page);

  const { files, meta } = await readSession(server);
  expect(files.map(({ name }) => name)).toEqual(['meta.json', 'Q1.webm', 'Q2.webm', 'takes/Q1-1.webm']);
  const sums = meta.files.map(({ sha256 }) => sha256);
  expect(sums[0]).not.toBe(first[0]);
  expect(sums[1]).toBe(first[1]);
  expect(files.find(({ name }) => name === 'takes/Q1-1.webm')?.sha256).toBe(first[0]);
  expect(await digests.allTextContents()).toEqual(sums);
  await openReceipt(page);
  await page.reload();
  await expectFinished(page);
  expect(await digests.allTextContents(), 'a reload shows the new one').toEqual(sums);
  await expectNoSecondUpload(server);
});
