/** What surrounds the recording for a nervous person: who asks, what is agreed to, a name that differs, a link that is done. */
import { expect, inviteToOwnInterview, press, readSession, test } from './fixtures.ts';

test('a consent is asked for before the camera: by keyboard, waiting for a connection, once', async ({
  page,
  server,
  context,
}) => {
  const candidate = await inviteToOwnInterview(
    server,
    'language: en',
    'consent: {text: We keep your video for a year., version: v7}',
    'questions: [{text: One}]',
  );
  await page.addInitScript(() => {
    const devices = navigator.mediaDevices;
    const { getUserMedia } = devices;
    devices.getUserMedia = (...wanted) => {
      document.documentElement.dataset.asked = 'yes';
      return getUserMedia.apply(devices, wanted);
    };
  });
  await page.goto(`${server.url}/#t=${candidate.token}`);
  await page.getByRole('textbox', { name: 'Full name' }).fill('nguyen van a');
  await press(page, 'Log in');
  await expect(page.getByRole('heading', { name: 'Before you begin' })).toBeFocused();
  await expect(page.getByText('We keep your video for a year.')).toHaveAttribute('lang', 'en');
  await expect(page.getByRole('button', { name: 'Start interview' })).toHaveCount(0);
  const box = page.getByRole('checkbox', { name: 'I have read this and I agree' });
  await expect(box).toHaveAccessibleDescription(/We keep your video/);
  await press(page, 'Continue');
  await expect(box).toBeFocused();
  await expect(box).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('alert').filter({ hasText: 'tick the box' })).toBeVisible();
  await context.setOffline(true);
  await page.keyboard.press('Space');
  await expect(box).toBeChecked();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert').filter({ hasText: 'can’t be reached' })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.dataset.asked)).toBeUndefined();
  await context.setOffline(false);
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
  expect(await page.evaluate(() => document.documentElement.dataset.asked)).toBe('yes');
  await page.reload();
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
  expect((await readSession(server)).meta).toMatchObject({
    consent: { text: 'We keep your video for a year.', version: 'v7' },
  });
});
