/** An answer by voice alone: offered where the camera fails, recorded and stored whole, and the camera never asked for. */
import { readFile } from 'node:fs/promises';
import { probe } from '../support/media/media.ts';
import {
  answer,
  expect,
  expectFinished,
  expectNoSecondUpload,
  expectRecording,
  inviteToOwnInterview,
  PHONE,
  press,
  readSession,
  speak,
  test,
} from './fixtures.ts';

test.use(PHONE);

declare global {
  interface Window {
    /** Set by this spec: whether the camera was asked for, once for each opening of devices. */
    __askedForCamera: boolean[];
  }
}

test('the camera fails: the candidate answers by voice alone, also after a reload', async ({ page, server }) => {
  const candidate = await inviteToOwnInterview(
    server,
    'allowAudioOnly: true',
    'questions:',
    '  - text: One',
    '  - text: Two',
  );
  await page.addInitScript(() => {
    window.__askedForCamera = [];
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      window.__askedForCamera.push(Boolean(constraints?.video));
      if (constraints?.video) throw new DOMException('Device in use', 'NotReadableError');
      return open(constraints);
    };
  });
  await page.goto(`${server.url}/#t=${candidate.token}`);
  await page.getByRole('textbox', { name: 'Full name' }).fill('Nguyen Van A');
  await press(page, 'Log in');
  await expect(page.getByRole('alert')).toContainText('in use');
  await press(page, 'Answer by voice alone');
  await expect(page.getByRole('heading', { name: 'Check your microphone' })).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(page.getByRole('combobox', { name: 'Camera' })).toHaveCount(0);
  await expect(page.getByRole('combobox', { name: 'Microphone' })).toBeVisible();
  await press(page, 'Start interview');
  await answer(page, 1, { seconds: 3, of: 2 });
  await expectRecording(page, 2, 2);
  await expect(page.getByText('By voice alone', { exact: true })).toBeVisible();
  await speak(page, 5000);
  await page.reload();
  await press(page, 'Answer again');
  await answer(page, 2, { seconds: 3, of: 2 });
  await expectFinished(page);
  expect(await page.evaluate(() => window.__askedForCamera), 'since the reload').toEqual([false]);

  const delivered = await page.evaluate(() => window.__tapDigests());
  const { files, meta } = await readSession(server);
  const answers = ['Q1.webm', 'Q2.webm'].map((name) => files.find((file) => file.name === name));
  expect(answers.map((file) => file?.sha256)).toEqual([delivered[0]?.sha256, delivered.at(-1)?.sha256]);
  expect(meta.files.map(({ fileName }) => fileName)).toEqual(['Q1.webm', 'Q2.webm']);
  expect(delivered.every(({ mimeType }) => mimeType.startsWith('audio/webm'))).toBe(true);
  for (const file of answers) {
    const { hasVideo, hasAudio, decodeErrors } = await probe(file?.path ?? '');
    expect({ hasVideo, hasAudio, decodeErrors }).toEqual({ hasVideo: false, hasAudio: true, decodeErrors: [] });
    expect(await readFile(file?.path ?? '')).not.toHaveLength(0);
  }
  await expectNoSecondUpload(server);
});
