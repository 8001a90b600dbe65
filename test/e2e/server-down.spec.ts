/** The server is killed twice and restarted after 12 s each time, and the token is revoked and restored. */
import { spawnServer } from '../support/server/server.ts';
import {
  admin,
  answer,
  expect,
  expectFinished,
  expectRecording,
  expectWholeInterview,
  inBothSizes,
  logIn,
  noteStatus,
  press,
  statusOf,
  test,
} from './fixtures.ts';

const DOWN_MS = 12_000;

inBothSizes(() => {
  test('two restarts after 12 s, and a token revoked and restored: the same uploads continue', async ({
    page,
    server,
    candidate,
  }) => {
    const { dataDir, port } = server;
    let running = server;
    const restart = async () => {
      await running.stop('SIGKILL');
      expect(running.process.signalCode).toBe('SIGKILL');
      await page.waitForTimeout(DOWN_MS);
      running = await spawnServer({ dataDir, port });
    };
    await logIn(page, server.url, candidate);
    await press(page, 'Start interview');
    await answer(page, 1);

    // In mid-answer: the recording continues, and only the words of the status change.
    await expectRecording(page, 2);
    await expect.poll(async () => (await statusOf(page)).ackedBytes).toBeGreaterThan(0);
    await restart();
    await press(page, 'Next question');

    // At the stop: the gate stays shut until the server is back.
    await expectRecording(page, 3);
    await page.waitForTimeout(2000);
    const noted = await noteStatus(page);
    const back = restart();
    await press(page, 'Next question');
    await back;
    await expectRecording(page, 4);
    expect(await noted()).toContainEqual(expect.stringMatching(/^Retrying in \d s$/));

    await expect.poll(async () => (await statusOf(page)).ackedBytes).toBeGreaterThan(0);
    await admin(dataDir, 'token', 'revoke', candidate.id);
    await expect(page.getByRole('alert')).toContainText('Your token is no longer accepted');
    await expectRecording(page, 4);
    await press(page, 'Next question');
    await page.waitForTimeout(1000);
    await expect(page.getByRole('heading', { name: 'Question 4 of 5' })).toBeVisible();
    await admin(dataDir, 'token', 'restore', candidate.id);

    await answer(page, 5);
    await expect(page.getByRole('alert')).toHaveCount(0);
    await expectFinished(page);
    await expectWholeInterview(page, running);
    await running.stop();
  });
});
