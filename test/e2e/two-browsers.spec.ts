/** One interview from Firefox to Chromium and back: each browser holds an answer that it could not send when the other one goes on. */
import * as inFirefox from '../support/browser/firefox.ts';
import { openNetwork } from '../support/network/network.ts';
import { temporaryFolder } from '../support/server/server.ts';
import {
  answer,
  expect,
  expectNoSecondUpload,
  expectRecording,
  inviteToOwnInterview,
  press,
  readSession,
  test,
} from './fixtures.ts';

const of = 3;

/** Whether these words are shown. For Firefox: it may use nothing from outside its braces. */
const isShown = (words: string) =>
  [...document.querySelectorAll('p')].some((each) => each.textContent === words && each.checkVisibility());

test('each browser goes on where the other one is, and sends what it holds: every byte arrives as it was recorded', async ({
  page,
  context,
  server,
}) => {
  const candidate = await inviteToOwnInterview(
    server,
    'questions:',
    ...['One', 'Two', 'Three'].map((text) => `  - {text: ${text}}`),
  );
  const profile = await temporaryFolder();
  const relay = await openNetwork({ to: { host: '127.0.0.1', port: server.port } });
  const firefox = await inFirefox.openFirefox(profile.path);
  try {
    const { page: other } = firefox;
    await inFirefox.logIn(other, `${relay.url}/#t=${candidate.token}`);
    await inFirefox.press(other, 'Start interview');
    await inFirefox.expectRecording(other, 1, of);
    relay.refuse(true);
    relay.cutAll();
    await inFirefox.speak(other);
    await inFirefox.press(other, 'Next question');
    // Firefox has no Background Sync.
    await inFirefox.waitFor(other, isShown, 'Please keep this page open.');
    await inFirefox.press(other, 'Continue on another device');
    await inFirefox.waitFor(other, isShown, 'Keep this page open until your answers have arrived.');
    const link = () =>
      [...document.querySelectorAll('input')].find((each) => each.ariaLabel === 'Your link')?.value ?? '';
    await inFirefox.waitFor(other, link);
    const first = new URL(await other.evaluate(link));
    expect(first.hash).toBe(`#t=${candidate.token}&held=1`);

    await page.goto(`${server.url}/${first.hash}`);
    await page.getByRole('textbox', { name: 'Full name' }).fill('nguyen van a');
    await press(page, 'Log in');
    await press(page, 'Start interview');
    await expectRecording(page, 2, of);
    relay.refuse(false);
    await inFirefox.waitForHeading(other, 'Your interview continues on your other device');
    await inFirefox.waitFor(other, isShown, 'You can close this page.');

    await context.setOffline(true);
    await answer(page, 2, { seconds: 4, of });
    await press(page, 'Continue on another device');
    await expect(page.getByText('Keep this page open until your answers have arrived.')).toBeHidden();
    const second = new URL(await page.getByRole('textbox', { name: 'Your link' }).inputValue());
    // Chromium has not heard since that the first answer has arrived.
    expect(second.hash).toBe(`#t=${candidate.token}&held=1,2`);
    await inFirefox.logIn(other, `${relay.url}/${second.hash}`);
    await inFirefox.press(other, 'Start interview');
    await inFirefox.expectRecording(other, 3, of);
    await context.setOffline(false);
    await expect(page.getByRole('heading', { name: 'Your interview continues on your other device' })).toBeVisible();
    await expect(page.getByText('You can close this page.')).toBeVisible();
    await inFirefox.speak(other);
    await inFirefox.press(other, 'Finish interview');
    await inFirefox.waitForHeading(other, 'Interview finished');

    const { files, meta } = await readSession(server);
    expect(meta.status).toBe('finished');
    expect(files.map(({ name }) => name)).toEqual(['meta.json', 'Q1.webm', 'Q2.webm', 'Q3.webm']);
    const [one, three] = await other.evaluate(() => window.__tapDigests());
    const [two] = await page.evaluate(() => window.__tapDigests());
    expect(files.slice(1).map(({ sha256 }) => sha256)).toEqual([one?.sha256, two?.sha256, three?.sha256]);
    await expectNoSecondUpload(server);
    expect(firefox.errors).toEqual([]);
  } finally {
    await firefox.close().catch(() => {});
    await relay.close();
    await profile.remove();
  }
});
