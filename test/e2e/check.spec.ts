/** What the device check says of a camera and a microphone that work, and whose picture is a mirror. */
import { expect, expectRecording, logIn, PHONE, press, test } from './fixtures.ts';

test.use(PHONE);

test('with a voice the check turns green; the picture can be hidden, and is a mirror of the front camera only', async ({
  page,
  server,
  candidate,
}) => {
  await logIn(page, server.url, candidate);
  await expect(page.getByRole('status')).toHaveAttribute('data-tone', 'good');
  await expect(page.locator('.check-hints').getByRole('listitem')).toHaveCount(0);
  const picture = page.getByLabel('Your picture, as the camera sees it');
  const shapes = await picture.evaluate((video: HTMLVideoElement) => {
    const frame = video.parentElement?.getBoundingClientRect();
    return [video.videoWidth / video.videoHeight, (frame?.width ?? 0) / (frame?.height ?? 1)];
  });
  expect(shapes[1], 'the frame has the shape of the picture').toBeCloseTo(shapes[0] ?? 0, 1);
  await expect(picture).toHaveCSS('transform', 'matrix(-1, 0, 0, 1, 0, 0)');

  await press(page, 'Hide my picture');
  await expect(picture).toHaveCSS('visibility', 'hidden');
  await expect(page.getByText('Hidden from you only.')).toBeVisible();
  await page.evaluate(() => {
    const settings = MediaStreamTrack.prototype.getSettings;
    MediaStreamTrack.prototype.getSettings = function () {
      return { ...settings.call(this), facingMode: 'environment' };
    };
  });
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  await expect(picture, 'for the whole visit').toHaveCSS('visibility', 'hidden');
  await press(page, 'Show my picture');
  await expect(picture).toHaveCSS('visibility', 'visible');
});
