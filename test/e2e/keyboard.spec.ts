/** The whole interview with Tab, Enter and Space alone. */
import type { Page } from '@playwright/test';
import { expect, expectFinished, expectRecording, inviteToOwnInterview, readSession, test } from './fixtures.ts';

/** Returns the visible name, or the label, of the element that has the focus. */
async function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (element instanceof HTMLInputElement || element instanceof HTMLSelectElement) {
      return element.labels?.[0]?.textContent?.trim() ?? '';
    }
    return element === document.body ? '' : (element?.textContent?.trim() ?? '');
  });
}

/** Presses Tab until the element with this name has the focus. @throws Error after 20 presses */
async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 20; presses++) {
    await page.keyboard.press('Tab');
    passed.push(await focused(page));
    if (passed.at(-1) === name) return;
  }
  throw new Error(`Tab does not reach "${name}", but ${passed.join(' | ')}`);
}

test('from the link to the receipt by keyboard alone, with a choice of takes', async ({ page, server }) => {
  const questions = ['questions:', '  - {text: One, maxTakes: 3}', '  - {text: Two}', '  - {text: Three}'];
  const candidate = await inviteToOwnInterview(server, ...questions);
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
  const record = async (question: number, key: 'Enter' | 'Space') => {
    await expectRecording(page, question, 3);
    // A screen reader reads a new question from its heading; from there the button is ahead, not behind.
    await expect(page.getByRole('heading', { name: `Question ${question} of 3` })).toBeFocused();
    // The first question is ended at once, which the page asks about.
    await page.waitForTimeout(question === 1 ? 0 : 3000);
    await tabTo(page, question === 3 ? 'Finish interview' : 'Next question');
    await page.keyboard.press(key);
    if (await page.getByRole('alertdialog').isVisible()) {
      await expect(page.getByRole('button', { name: 'Go on' })).toBeFocused();
      await page.keyboard.press('Shift+Tab');
      expect(await focused(page)).toBe('Finish it');
      await page.keyboard.press(key);
    }
  };
  // The choice to keep an answer or to answer again is read first, and is ahead of the focus.
  const choice = page.getByRole('heading', { name: 'Your answer is recorded' });
  for (const decision of ['Answer again (2 takes left)', 'Keep this answer']) {
    await record(1, 'Enter');
    await expect(choice).toBeFocused();
    await expect(choice).toHaveAccessibleDescription(/^You spoke for \d+ seconds?\./);
    await tabTo(page, decision);
    await page.keyboard.press('Enter');
  }
  await record(2, 'Space');
  await record(3, 'Enter');
  await expect(page.getByRole('heading', { name: 'Interview finished' })).toBeFocused();
  const delivered = await page.evaluate(() => window.__tapDigests());
  expect(delivered).toHaveLength(4);
  const { files, meta } = await readSession(server);
  const answers = files.filter(({ name }) => name.startsWith('Q'));
  expect(answers.map(({ sha256 }) => sha256)).toEqual(delivered.slice(1).map(({ sha256 }) => sha256));
  expect(meta.status).toBe('finished');
  // The tab shows the end again after a reload, without a token.
  await page.reload();
  await expectFinished(page);
  await tabTo(page, 'Your receipt');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('table', { name: 'Your receipt' }).getByRole('row')).toHaveCount(4);
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
});
