/** The whole interview with Tab, Enter and Space alone. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import {
  admin,
  createCandidate,
  expect,
  expectFinished,
  expectRecording,
  logIn,
  NAME,
  press,
  readSession,
  test,
} from './fixtures.ts';

/** What has the focus: its visible name, or its label. */
async function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (element instanceof HTMLInputElement || element instanceof HTMLSelectElement) {
      return element.labels?.[0]?.textContent?.trim() ?? '';
    }
    return element === document.body ? '' : (element?.textContent?.trim() ?? '');
  });
}

async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 20; presses++) {
    await page.keyboard.press('Tab');
    passed.push(await focused(page));
    if (passed.at(-1) === name) return;
  }
  throw new Error(`Tab does not reach "${name}", but ${passed.join(' | ')}`);
}

test('from the link to the end by keyboard alone', async ({ page, server, candidate }) => {
  await page.goto(`${server.url}/#t=${candidate.token}`);
  await expect(page.getByRole('textbox', { name: 'Token' })).toHaveValue(candidate.token);
  await tabTo(page, 'Full name');
  await page.keyboard.type('Nguyen Van A');
  await tabTo(page, 'Log in');
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();

  await tabTo(page, 'Camera');
  await tabTo(page, 'Microphone');
  await tabTo(page, 'Start interview');
  await page.keyboard.press('Enter');
  for (let question = 1; question <= 5; question++) {
    await expectRecording(page, question);
    // A new question is read from its top; from there the button is ahead, not behind.
    await expect(page.getByRole('heading', { name: `Question ${question} of 5` })).toBeFocused();
    await page.waitForTimeout(1500);
    await tabTo(page, question === 5 ? 'Finish interview' : 'Next question');
    await page.keyboard.press(question % 2 === 0 ? 'Space' : 'Enter');
  }
  await expect(page.getByRole('heading', { name: 'Interview finished' })).toBeFocused({ timeout: 60_000 });
  const delivered = await page.evaluate(() => window.__tapDigests());
  expect(delivered).toHaveLength(5);
  const { files, meta } = await readSession(server);
  const answers = files.filter(({ name }) => name.startsWith('Q'));
  expect(answers.map(({ sha256 }) => sha256)).toEqual(delivered.map(({ sha256 }) => sha256));
  expect(meta.status).toBe('finished');
});

test('the choice to keep an answer or give it again is read first, and is ahead of the focus', async ({
  page,
  server,
}) => {
  const file = path.join(server.dataDir, 'interview.yaml');
  const lines = ['slug: own', 'title: Ours', 'questions:', '  - {text: One, maxTakes: 3}', '  - {text: Two}', ''];
  await writeFile(file, lines.join('\n'));
  await admin(server.dataDir, 'interview', 'create', file);
  await logIn(page, server.url, await createCandidate(server.dataDir, NAME, 'own'));
  await press(page, 'Start interview');
  const choice = page.getByRole('heading', { name: 'Your answer is recorded' });
  for (const decision of ['Answer again (2 takes left)', 'Keep this answer']) {
    await expectRecording(page, 1, 2);
    await expect(page.getByRole('heading', { name: 'Question 1 of 2' })).toBeFocused();
    await page.waitForTimeout(1500);
    await tabTo(page, 'Next question');
    await page.keyboard.press('Enter');
    await expect(choice).toBeFocused();
    await expect(choice).toHaveAccessibleDescription(/^You spoke for \d seconds?\./);
    await tabTo(page, decision);
    await page.keyboard.press('Enter');
  }
  await expectRecording(page, 2, 2);
  await page.waitForTimeout(1000);
  await tabTo(page, 'Finish interview');
  await page.keyboard.press('Enter');
  await expectFinished(page);
  // What the tab has seen the end of stays there, without a token.
  await page.reload();
  await expectFinished(page);
  await expect(page.getByRole('table', { name: 'Your receipt' }).getByRole('row')).toHaveCount(3);
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
});
