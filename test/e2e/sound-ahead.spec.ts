/** On a link that does not carry the picture, all sound of an answer is at the server long before the answer. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { probe } from '../support/media/media.ts';
import { openNetwork } from '../support/network/network.ts';
import { begin, expect, expectRecording, PHONE, press, readSession, test } from './fixtures.ts';

test.use(PHONE);

test('64 kbit/s: the sound is whole within 5 s of the stop, and goes when its answer is there, byte for byte', async ({
  page,
  server,
  candidate,
}) => {
  const link = await openNetwork({ to: { host: '127.0.0.1', port: server.port }, rate: { kbit: 64 }, delayMs: 40 });
  await begin(page, link.url, candidate);
  await page.waitForTimeout(12_000);
  const before = link.stats.bytesUp;
  await press(page, 'Next question');
  const sessions = path.join(server.dataDir, 'sessions');
  const sounds = async () =>
    (await readdir(sessions, { recursive: true })).filter((name) => name.endsWith('.voice.webm'));
  await expect.poll(sounds, { intervals: [100] }).toHaveLength(1);
  // The link carries 8,000 bytes a second. A busy machine sends them later, and no more of them.
  expect(link.stats.bytesUp - before, 'bytes sent since the stop').toBeLessThan(5 * 8000);
  const [sound = ''] = await sounds();
  const { hasVideo, hasAudio, durationSeconds, decodeErrors } = await probe(path.join(sessions, sound));
  expect({ hasVideo, hasAudio, decodeErrors }).toEqual({ hasVideo: false, hasAudio: true, decodeErrors: [] });

  // The picture of 12 s needs more than a minute.
  await expect(page.getByRole('heading', { name: 'Question 2 of 5' })).toBeVisible({ timeout: 200_000 });
  await expectRecording(page, 2);
  const delivered = await page.evaluate(() => window.__tapDigests());
  const recorded = (kind: string) => delivered.find(({ mimeType }) => mimeType.startsWith(kind));
  expect(durationSeconds, 'seconds of sound').toBeGreaterThan((recorded('video')?.recordedMs ?? 0) / 1000 - 1);
  const { files, meta } = await readSession(server);
  expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['Q1.webm']));
  expect(files.find(({ name }) => name === 'Q1.webm')?.sha256).toBe(recorded('video')?.sha256);
  expect(meta.files).toMatchObject([{ questionIndex: 1, sha256: recorded('video')?.sha256 }]);
  expect(await sounds(), 'the answer has its own').toEqual([]);
  await page.close({ runBeforeUnload: false });
  await link.close();
});
