/** The bitrate fits the uplink from the first answer on, also after a reload, and the page says what was chosen. */
import { probe } from '../support/media/media.ts';
import { openNetwork } from '../support/network/network.ts';
import { answer, expect, expectRecording, logIn, PHONE, press, readSession, statusOf, test } from './fixtures.ts';

test.use(PHONE);

test('a slow link: a small picture and a low bitrate from the first answer on, also after a reload', async ({
  page,
  server,
  candidate,
}) => {
  const link = await openNetwork({ to: { host: '127.0.0.1', port: server.port }, rate: { kbit: 400 }, delayMs: 40 });
  await logIn(page, link.url, candidate);
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  const { quality } = await statusOf(page);
  expect(quality?.height).toBeLessThan(360);
  expect((quality?.videoBitsPerSecond ?? 0) + (quality?.audioBitsPerSecond ?? 0)).toBeLessThan(300_000);
  await expect.poll(async () => (await statusOf(page)).takes.at(-1)?.recordedMs).toBeGreaterThan(4000);
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

// The fake camera has one size, 640x480, which Chromium's recorder takes whatever the page asks for.
test('the check says that a slow link carries a small picture, and the file has it', async ({
  page,
  server,
  candidate,
}) => {
  const link = await openNetwork({ to: { host: '127.0.0.1', port: server.port }, rate: { kbit: 400 }, delayMs: 40 });
  await logIn(page, link.url, candidate);
  await expect(page.getByText('Your connection is slow: small picture')).toBeVisible();
  await press(page, 'Start interview');
  await answer(page, 1, { seconds: 4 });
  await expectRecording(page, 2);
  const { quality } = await statusOf(page);
  const file = (await readSession(server)).files.find(({ name }) => name === 'Q1.webm');
  const { pictureSize, durationSeconds } = await probe(file?.path ?? '');
  expect(pictureSize).toBe(`${quality?.width}x${quality?.height}`);
  expect(((file?.bytes ?? 0) * 8) / durationSeconds / 1000, 'kbit/s').toBeLessThan(200);
  await link.close();
});
