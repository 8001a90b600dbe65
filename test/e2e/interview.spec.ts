/** The interview without any fault: what was recorded, what was sent, what is stored, and what is forgotten. */
import {
  answer,
  expect,
  expectFinished,
  expectWholeInterview,
  logIn,
  readSession,
  statusOf,
  test,
} from './fixtures.ts';

test('five answers through the page are stored in the folder, byte for byte', async ({ page, server, candidate }) => {
  const confirmed: string[] = [];
  page.on('response', (response) => {
    const { 'upload-complete': complete, 'repr-digest': digest } = response.headers();
    if (complete === '?1') confirmed.push(digest ?? '');
  });
  await logIn(page, server.url, candidate);
  await expect(page.getByRole('combobox', { name: 'Camera' })).toBeVisible();
  await expect(page.getByRole('combobox', { name: 'Microphone' })).toBeVisible();
  await expect(page.getByRole('meter')).toBeVisible();
  await page.getByRole('button', { name: 'Start interview' }).click();
  for (let question = 1; question <= 5; question++) await answer(page, question);
  await expectFinished(page);
  await expectWholeInterview(page, server);

  const { files } = await readSession(server);
  const answers = files.filter(({ name }) => name.startsWith('Q'));
  const digests = answers.map(({ sha256 }) => `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`);
  expect(confirmed, 'the digests that the server sent').toEqual(digests);
  const status = await statusOf(page);
  for (const { question, resentBytes } of status.gate) expect(resentBytes, `question ${question}`).toBe(0);
  expect(JSON.stringify(status)).not.toContain(candidate.token);
  expect(server.stderr()).not.toContain(candidate.token);
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  expect(stored, 'the token is forgotten after the end').not.toContain(candidate.token);
});
