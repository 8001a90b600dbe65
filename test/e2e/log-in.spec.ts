/** The log-in and what surrounds the recording: languages, HTTPS with a self-made certificate, headers. */
import path from 'node:path';
import { shortWaits } from '../support/browser/short-waits.ts';
import { makeCertificate } from '../support/server/certificate.ts';
import { spawnServer, temporaryFolder } from '../support/server/server.ts';
import { createCandidate, expect, expectFinished, expectRecording, logIn, press, test } from './fixtures.ts';

test('a refused log-in: the page says so, keeps what was typed, and the candidate can try again', async ({
  page,
  server,
  candidate,
}) => {
  await page.goto(server.url);
  await page.getByRole('textbox', { name: 'Token' }).fill('no-such-token');
  await page.getByRole('textbox', { name: 'Full name' }).fill('Nguyen Van A');
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('alert')).not.toBeEmpty();
  await expect(page.getByRole('textbox', { name: 'Full name' })).toHaveValue('Nguyen Van A');
  await page.getByRole('textbox', { name: 'Token' }).fill(candidate.token);
  await page.getByRole('textbox', { name: 'Full name' }).fill('Somebody Else');
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('alert')).not.toBeEmpty();
  await expect(page.getByRole('alert')).not.toContainText('Nguy', { ignoreCase: true });
  await page.getByRole('textbox', { name: 'Full name' }).fill('NGUYEN VAN A');
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
});

test('links and tokens as people meet them: rewritten, pasted whole, with signs around them; a wrong address has words', async ({
  page,
  server,
  candidate,
}) => {
  await page.goto(`${server.url}/nothing-here`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('There is no page at this address');
  await page.getByRole('link', { name: 'Go to the log-in' }).click();
  await expect(page.getByRole('button', { name: 'Log in' })).toBeVisible();
  const token = page.getByRole('textbox', { name: 'Token' });
  for (const path of [`/%23t=${candidate.token}`, `/?t=${candidate.token}`, `/interview/%23t=${candidate.token}`]) {
    await page.goto(server.url + path);
    await expect(token).toHaveValue(candidate.token);
    expect(page.url()).toBe(`${server.url}/`);
    await token.fill('');
  }
  await token.fill(`(${server.url}/#t=${candidate.token}\u200b).`);
  await page.getByRole('textbox', { name: 'Full name' }).fill('Mr. A Nguyen Van');
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
});

test('?lang= switches the language', async ({ page, server }) => {
  await page.goto(`${server.url}/?lang=vi`);
  await expect(page.locator('html')).toHaveAttribute('lang', 'vi');
  await expect(page.getByRole('button', { name: 'Log in' })).toHaveCount(0);
  await page.goto(`${server.url}/?lang=th`);
  await expect(page.locator('html')).toHaveAttribute('lang', 'th');
});

test('over HTTPS with a self-made certificate, on a phone’s screen: no service worker, and the page says so', async ({
  browser,
}) => {
  const folder = await temporaryFolder();
  const env = await makeCertificate(folder.path);
  const server = await spawnServer({ dataDir: path.join(folder.path, 'data'), env });
  const candidate = await createCandidate(server.dataDir);
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
  });
  await context.addInitScript(shortWaits);
  const page = await context.newPage();
  expect(server.url).toMatch(/^https:/);
  await logIn(page, server.url, candidate);
  const outcome = await page.evaluate(() =>
    navigator.serviceWorker.register('/sw.js').then(
      () => 'registered',
      (error: Error) => error.name,
    ),
  );
  expect(outcome, 'what keepOffline calls `refused`').toBe('SecurityError');
  await expect(page.getByRole('alert')).toContainText('please don’t reload');
  await page.getByRole('button', { name: 'Start interview' }).click();
  for (let question = 1; question <= 5; question++) {
    await expectRecording(page, question);
    await page.waitForTimeout(1000);
    const button = page.getByRole('button', { name: question === 5 ? 'Finish interview' : 'Next question' });
    await expect(button).toBeInViewport();
    await button.tap();
    const meant = page.getByRole('button', { name: 'Finish it' });
    if (await meant.isVisible()) await meant.tap();
  }
  await expectFinished(page);
  await context.close();
  await server.stop();
  await folder.remove();
});

test('pages have a strict content security policy, and no request’s address holds the token', async ({
  page,
  server,
  candidate,
}) => {
  const addresses: string[] = [];
  page.on('request', (request) => addresses.push(request.url()));
  const response = await page.goto(`${server.url}/#t=${candidate.token}`);
  const headers = response?.headers() ?? {};
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['content-security-policy']).not.toContain('unsafe');
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['referrer-policy']).toBe('no-referrer');
  await logIn(page, server.url, candidate);
  expect(addresses.filter((address) => new URL(address).hash === '' && address.includes(candidate.token))).toEqual([]);
});

test('words that are late: the token leaves the address at once, English comes in their place, and then they come', async ({
  page,
  server,
  candidate,
}) => {
  let come = () => {};
  const words = new Promise<void>((resolve) => {
    come = resolve;
  });
  await page.route('**/assets/words-vi-*', async (route) => {
    await words;
    await route.continue();
  });
  await page.goto(`${server.url}/?lang=vi#t=${candidate.token}`, { waitUntil: 'commit' });
  await expect.poll(() => page.url()).toBe(`${server.url}/?lang=vi`);
  await expect(page.getByRole('button', { name: 'Log in' })).toBeEnabled({ timeout: 15_000 });
  await page.getByRole('textbox', { name: 'Full name' }).fill('nguyen van a');
  come();
  await expect(page.getByRole('textbox', { name: 'Họ và tên' })).toHaveValue('nguyen van a');
  await press(page, 'Đăng nhập');
  await expect(page.getByRole('button', { name: 'Bắt đầu phỏng vấn' })).toBeEnabled();
});

for (const [missing, pattern] of [
  ['words', '**/assets/words-*'],
  ['scripts', '**/assets/*.js'],
] as const)
  test(`${missing} that do not come: the page says so with a way to reload, which keeps the token`, async ({
    page,
    server,
    candidate,
  }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    // A deploy that has removed the files, or a connection that stands still.
    let back = false;
    await page.route(pattern, async (route) => {
      if (back) await route.continue();
      else if (missing === 'scripts') await route.fulfill({ status: 404 });
    });
    await page.goto(`${server.url}/?lang=th#t=${candidate.token}`, { waitUntil: 'commit' });
    const reload = page.getByRole('link', { name: 'โหลดหน้าใหม่' });
    await expect(page.locator('.late')).toBeAttached();
    await expect(reload).toBeHidden();
    await expect(reload).toBeVisible({ timeout: 20_000 });
    back = true;
    await reload.click();
    await expect(page.locator('#token')).toHaveValue(candidate.token);
    await expect(page.locator('.late')).toHaveCount(0);
    expect(page.url()).not.toContain(candidate.token);
  });

test('the interview page without its scripts says so, and reloads', async ({ page, server }) => {
  let back = false;
  await page.route('**/assets/*.js', (route) => (back ? route.continue() : route.fulfill({ status: 404 })));
  await page.goto(`${server.url}/interview`);
  const reload = page.getByRole('link', { name: 'Reload the page' });
  await expect(reload).toBeVisible({ timeout: 20_000 });
  back = true;
  await reload.click();
  // Nobody is logged in here.
  await expect(page.getByRole('button', { name: 'Log in' })).toBeEnabled();
});
