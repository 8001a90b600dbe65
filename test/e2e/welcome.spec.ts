/** What surrounds the recording for a nervous person: who asks, what is agreed to, a name that differs, a link that is done. */
import { en } from '../../client/i18n/en.ts';
import { th } from '../../client/i18n/th.ts';
import { vi } from '../../client/i18n/vi.ts';
import {
  answer,
  expect,
  expectFinished,
  expectRecording,
  inviteToOwnInterview,
  logIn,
  press,
  readSession,
  test,
} from './fixtures.ts';

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

test('who asks is told once the link is known; a name that differs is said to be the name, with whom to ask', async ({
  page,
  server,
}) => {
  await page.route('https://binhminh.example/**', (route) =>
    route.fulfill({
      contentType: 'image/svg+xml',
      body: '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40"/>',
    }),
  );
  const candidate = await inviteToOwnInterview(
    server,
    'organization: Bình Minh Coffee',
    'logo: https://binhminh.example/logo.svg',
    'contact: jobs@binhminh.example',
    'privacyUrl: https://binhminh.example/privacy',
    'intro: There are no wrong answers.',
    'outro: Lan will call you by Friday.',
    'questions: [{text: One, maxSeconds: 120}]',
  );
  await page.goto(`${server.url}/#t=${candidate.token}`);
  await expect(page.getByText('Your link is recognised.')).toBeVisible();
  await expect(page.getByRole('img', { name: 'Bình Minh Coffee' })).toHaveJSProperty('complete', true);
  await expect(page.getByRole('link', { name: 'What happens to your video' })).toHaveAttribute('href', /privacy$/);
  const token = page.getByRole('textbox', { name: 'Token' });
  const name = page.getByRole('textbox', { name: 'Full name' });
  await name.fill('Somebody Else');
  await press(page, 'Log in');
  await expect(page.getByRole('alert')).toContainText('The token is right, but the name does not match');
  await expect(name).toBeFocused();
  await expect(name).toHaveAttribute('aria-invalid', 'true');
  await expect(name).toHaveAccessibleDescription(/does not match/);
  await expect(page.getByRole('link', { name: 'jobs@binhminh.example' }).first()).toBeVisible();
  await press(page, 'Use another token');
  await expect(token).toBeFocused();
  await token.fill('another-token');
  await press(page, 'Log in');
  await expect(page.getByRole('alert')).toContainText('This token is not known');
  await expect(token).toHaveAttribute('aria-invalid', 'true');
  await expect(name).toHaveAttribute('aria-invalid', 'false');
  await token.fill(candidate.token);
  await name.fill('nguyen van a');
  await press(page, 'Log in');
  await expect(page.getByRole('list', { name: 'What to expect' }).getByRole('listitem')).toHaveText([
    '1 question',
    'up to 2 minutes for each answer',
    '1 take each: you can’t go back',
    'set aside up to 5 minutes in all',
  ]);
  await expect(page.getByText('A word from Bình Minh Coffee')).toBeVisible();
});

test('the link after the end is good news: when it was finished, and how many answers arrived', async ({
  page,
  server,
  browser,
}) => {
  const candidate = await inviteToOwnInterview(
    server,
    'outro: Lan will call you by Friday.',
    'questions: [{text: One}]',
  );
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  await answer(page, 1, { seconds: 3.5, of: 1 });
  await expectFinished(page);
  await expect(page.getByText('Lan will call you by Friday.')).toBeVisible();
  const context = await browser.newContext();
  const another = await context.newPage();
  await another.goto(`${server.url}/?lang=en#t=${candidate.token}`);
  await another.getByRole('textbox', { name: 'Full name' }).fill('nguyen van a');
  await press(another, 'Log in');
  await expect(another.getByRole('heading', { name: 'Interview finished' })).toBeFocused();
  await expect(another.getByText(/^You finished on .*20\d\d.*\. 1 answer arrived\./)).toBeVisible();
  await expect(another.getByRole('alert')).toHaveCount(0);
  await context.close();
});

test('the language is the interview’s own where the browser prefers none of ours, and changes at the check in place', async ({
  browser,
  server,
}) => {
  const candidate = await inviteToOwnInterview(server, 'language: vi', 'questions: [{text: Một}]');
  const context = await browser.newContext({ locale: 'fr-FR' });
  const page = await context.newPage();
  await page.goto(`${server.url}/#t=${candidate.token}`);
  await expect(page.locator('html')).toHaveAttribute('lang', 'vi');
  await page.getByRole('textbox', { name: 'Họ và tên' }).fill('nguyen van a');
  await press(page, 'Đăng nhập');
  await expect(page.getByRole('button', { name: 'Bắt đầu phỏng vấn' })).toBeEnabled();
  await page.evaluate(() => document.documentElement.setAttribute('data-kept', 'yes'));
  await page.getByRole('combobox', { name: 'Ngôn ngữ' }).selectOption('en');
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
  await expect(page.locator('html')).toHaveAttribute('data-kept', 'yes');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  expect(
    await page.locator('.stage-video').evaluate((video: HTMLVideoElement) => (video.srcObject as MediaStream).active),
  ).toBe(true);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
  await press(page, 'Start interview');
  await expectRecording(page, 1, 1);
  await expect(page.getByText('Một')).toHaveAttribute('lang', 'vi');
  await context.close();
});

test('the language changes in mid-answer: the recording goes on, byte for byte, with the same picture and focus', async ({
  page,
  server,
}) => {
  await page.setViewportSize({ width: 320, height: 480 });
  const candidate = await inviteToOwnInterview(server, 'language: en', 'questions: [{text: One}]');
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  await expectRecording(page, 1, 1);
  const picture = page.locator('.stage-video');
  await picture.evaluate((video: HTMLVideoElement) => {
    video.dataset.kept = 'yes';
    video.addEventListener('pause', () => video.removeAttribute('data-kept'));
  });
  await page.evaluate(() => scrollTo(0, 0));
  const list = page.locator('.language');
  await expect(list).toBeInViewport();
  await list.focus();
  for (const { question, lang } of [th, vi, en]) {
    await list.selectOption(lang);
    await expect(page.getByRole('heading', { name: question.heading(1, 1) })).toBeVisible();
    await expect(list).toBeFocused();
    await expect(page.getByText('One', { exact: true })).toHaveAttribute('lang', 'en');
    await expect(page.getByRole('button', { name: question.finish })).toBeInViewport();
    const at = await picture.evaluate((video: HTMLVideoElement) => video.currentTime);
    await expect.poll(() => picture.evaluate((video: HTMLVideoElement) => video.currentTime)).toBeGreaterThan(at);
    await expect(picture).toHaveAttribute('data-kept', 'yes');
  }
  // Words that were late come while a button has the focus.
  const choose = (lang: string) =>
    list.evaluate((select: HTMLSelectElement, value) => {
      select.value = value;
      select.dispatchEvent(new Event('change'));
    }, lang);
  await page.getByRole('button', { name: en.question.finish }).focus();
  await choose('vi');
  await expect(page.getByRole('button', { name: vi.question.finish })).toBeFocused();
  await choose('en');
  await answer(page, 1, { of: 1 });
  await expectFinished(page);
  const [recorded, ...more] = await page.evaluate(() => window.__tapDigests());
  expect(more).toEqual([]);
  const { files } = await readSession(server);
  expect(files.map(({ name, sha256 }) => [name, sha256]).slice(1)).toEqual([['Q1.webm', recorded?.sha256]]);
});
