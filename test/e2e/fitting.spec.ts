/** What is recorded fits the uplink, from the first answer on, also after a reload; and the page says so. */
import { openLink } from '../../bench/link.ts';
import { answer, expect, expectRecording, logIn, PHONE, press, statusOf, test } from './fixtures.ts';

test.use(PHONE);

test('a slow link: a small picture and few bits, in words, from the first answer on and after a reload', async ({
  page,
  server,
  candidate,
}) => {
  const link = await openLink({ to: { host: '127.0.0.1', port: server.port }, rate: { kbit: 400 }, delayMs: 40 });
  await logIn(page, link.url, candidate);
  // At once: the measurement takes up to 4 s.
  expect((await statusOf(page)).quality).toBeNull();
  await press(page, 'Start interview');
  await expect(page.getByRole('status').getByText('Measuring your connection…')).toBeVisible();
  await expectRecording(page, 1);
  const { quality } = await statusOf(page);
  expect(quality?.height).toBeLessThan(360);
  expect((quality?.videoBitsPerSecond ?? 0) + (quality?.audioBitsPerSecond ?? 0)).toBeLessThan(300_000);
  await page.waitForTimeout(5000);
  const { recordedBytes, takes } = await statusOf(page);
  const kbps = (recordedBytes * 8) / (takes.at(-1)?.recordedMs ?? 1);
  expect(kbps, 'what is really recorded').toBeLessThan(400);

  await page.reload();
  await press(page, 'Answer again');
  await expectRecording(page, 1);
  expect((await statusOf(page)).quality).toEqual(quality);
  await page.close({ runBeforeUnload: false });
  await link.close();
});

test('the check says what was chosen for the connection', async ({ page, server, candidate }) => {
  const link = await openLink({ to: { host: '127.0.0.1', port: server.port }, rate: { kbit: 400 }, delayMs: 40 });
  await logIn(page, link.url, candidate);
  await expect(page.getByText('a weak connection: small picture, clear voice')).toBeVisible();
  await press(page, 'Start interview');
  await answer(page, 1, { seconds: 2 });
  await expectRecording(page, 2);
  await link.close();
});
