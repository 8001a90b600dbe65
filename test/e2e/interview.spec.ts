import { answer, expect, expectFinished, expectWholeInterview, logIn, statusOf, test } from './fixtures.ts';

test('five answers through the page lie in the folder, byte for byte', async ({ page, server, candidate }) => {
  await logIn(page, server.url, candidate);
  await expect(page.getByRole('combobox', { name: 'Camera' })).toBeVisible();
  await expect(page.getByRole('combobox', { name: 'Microphone' })).toBeVisible();
  await expect(page.getByRole('meter')).toBeVisible();
  await page.getByRole('button', { name: 'Start interview' }).click();
  for (let question = 1; question <= 5; question++) await answer(page, question);
  await expectFinished(page);
  await expectWholeInterview(page, server);

  const status = await statusOf(page);
  for (const { question, resentBytes } of status.gate) expect(resentBytes, `question ${question}`).toBe(0);
  expect(JSON.stringify(status)).not.toContain(candidate.token);
  expect(server.stderr()).not.toContain(candidate.token);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  expect(kept, 'the token is forgotten after the end').not.toContain(candidate.token);
});
