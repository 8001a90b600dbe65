/** The pages around the recording: log-in, languages, HTTPS, headers, a second tab. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { spawnServer, temporaryFolder, tresgo } from '../support/server.ts';
import { createCandidate, expect, expectFinished, expectRecording, logIn, readSession, test } from './fixtures.ts';

test('a refused log-in says so, keeps what was typed, and lets the candidate try again', async ({
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

test('?lang= switches the words', async ({ page, server }) => {
  await page.goto(`${server.url}/?lang=vi`);
  await expect(page.locator('html')).toHaveAttribute('lang', 'vi');
  await expect(page.getByRole('button', { name: 'Log in' })).toHaveCount(0);
  await page.goto(`${server.url}/?lang=th`);
  await expect(page.locator('html')).toHaveAttribute('lang', 'th');
});

test('a revoked token stops at once and is said; restored, the same upload goes on', async ({
  page,
  server,
  candidate,
}) => {
  await logIn(page, server.url, candidate);
  await page.getByRole('button', { name: 'Start interview' }).click();
  await expectRecording(page, 1);
  await page.waitForTimeout(1500);
  expect((await tresgo(['token', 'revoke', candidate.id, '--data-dir', server.dataDir])).status).toBe(0);
  await expect(page.getByRole('alert')).toContainText('token is no longer accepted');
  await page.getByRole('button', { name: 'Next question' }).click();
  await expect(page.getByRole('status').getByText('Upload Failed', { exact: true })).toBeVisible({ timeout: 30_000 });
  expect((await tresgo(['token', 'restore', candidate.id, '--data-dir', server.dataDir])).status).toBe(0);
  await page.getByRole('button', { name: 'Retry' }).click();
  await expectRecording(page, 2);
  const { files } = await readSession(server);
  const [delivered] = await page.evaluate(() => window.__tapDigests());
  expect(files.find(({ name }) => name === 'Q1.webm')?.sha256).toBe(delivered?.sha256);
});

test('a second tab does not disturb the first', async ({ page, context, server, candidate }) => {
  await logIn(page, server.url, candidate);
  await page.getByRole('button', { name: 'Start interview' }).click();
  await expectRecording(page, 1);
  const second = await context.newPage();
  await second.goto(`${server.url}/interview`);
  await expect(second.getByRole('alert')).toContainText('open in another tab');
  await second.close();
  await page.waitForTimeout(1000);
  await page.getByRole('button', { name: 'Next question' }).click();
  await expectRecording(page, 2);
});

test('over HTTPS with a self-made certificate, on a phone’s screen', async ({ browser }) => {
  const folder = await temporaryFolder();
  const [key, cert] = [path.join(folder.path, 'key.pem'), path.join(folder.path, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  );
  const server = await spawnServer({
    dataDir: path.join(folder.path, 'data'),
    env: { TRESGO_TLS_CERT: cert, TRESGO_TLS_KEY: key },
  });
  const candidate = await createCandidate(server.dataDir);
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
  });
  const page = await context.newPage();
  expect(server.url).toMatch(/^https:/);
  await logIn(page, server.url, candidate);
  await expect(page.getByRole('alert')).toContainText('please don’t reload');
  await page.getByRole('button', { name: 'Start interview' }).click();
  for (let question = 1; question <= 5; question++) {
    await expectRecording(page, question);
    await page.waitForTimeout(1000);
    const button = page.getByRole('button', { name: question === 5 ? 'Finish interview' : 'Next question' });
    await expect(button).toBeInViewport();
    await button.tap();
  }
  await expectFinished(page);
  await context.close();
  await server.stop();
  await folder.remove();
});

test('pages carry a strict policy, and no secret is in their requests’ addresses', async ({
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
