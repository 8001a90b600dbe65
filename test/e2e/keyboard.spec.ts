/** The whole interview with Tab, Enter and Space alone. */
import type { Page } from '@playwright/test';
import { expect, expectRecording, readSession, test } from './fixtures.ts';

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
