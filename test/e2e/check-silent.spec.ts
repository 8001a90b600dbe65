/** What the device check says of a camera in the dark and a microphone that brings silence. */
import { chromiumArgs, chromiumPath } from '../support/browser/browser.ts';
import { darkAndSilentMedia } from '../support/media/media.ts';
import { expect, expectRecording, logIn, PHONE, press, test } from './fixtures.ts';

// Each browser has one camera and one microphone.
test.use({
  ...PHONE,
  launchOptions: { executablePath: chromiumPath(), args: chromiumArgs(await darkAndSilentMedia()) },
});

test('nothing is green, each fault has a hint, and the start is asked about once', async ({
  page,
  server,
  candidate,
}) => {
  await logIn(page, server.url, candidate);
  const status = page.getByRole('status');
  await expect(status).toHaveText('We can’t hear you yet.');
  await expect(status).toHaveAttribute('data-tone', 'warning');
  await expect(page.getByText('Your picture is dark.')).toBeVisible();
  await press(page, 'Start interview');
  await press(page, 'Check my microphone');
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeVisible();
  await press(page, 'Start interview');
  await expectRecording(page, 1);
});
