/** The interview in Firefox, with one fault in each question: a reload, cuts, and a kill and restart of the browser and of the server. */
import {
  expectRecording,
  logIn,
  openFirefox,
  press,
  speak,
  waitFor,
  waitForHeading,
} from '../support/browser/firefox.ts';
import { quietPath, readSpool } from '../support/browser/spool-reader.ts';
import { openNetwork } from '../support/network/network.ts';
import { createRandom } from '../support/scale.ts';
import { spawnServer, temporaryFolder } from '../support/server/server.ts';
import { expect, expectNoSecondUpload, expectPlayable, type FolderFile, readSession, test } from './fixtures.ts';

test('five answers with a reload, cuts, a killed browser and a killed server: every byte arrives as it was recorded', async ({
  server,
  candidate,
}) => {
  const profile = await temporaryFolder();
  const relay = await openNetwork({ to: { host: '127.0.0.1', port: server.port } });
  let running = server;
  let firefox = await openFirefox(profile.path);
  const errors = firefox.errors;
  try {
    let { page } = firefox;
    await logIn(page, `${relay.url}/#t=${candidate.token}`);
    await press(page, 'Start interview');
    await expectRecording(page, 1);
    await speak(page);
    await press(page, 'Next question');

    await expectRecording(page, 2);
    await speak(page);
    await page.reload();
    await press(page, 'Keep this answer');

    await expectRecording(page, 3);
    const random = createRandom(3);
    relay.setCut({ afterBytes: () => Math.round(30_000 + 50_000 * random()) });
    await speak(page, 100_000);
    await press(page, 'Next question');
    await expectRecording(page, 4);
    expect(relay.stats.cuts).toBeGreaterThan(1);
    relay.setCut(null);

    // No request gets out before the kill: only the device has this answer.
    relay.refuse(true);
    relay.cutAll();
    await speak(page);
    await expect.poll(() => relay.stats.refused, 'the page could send nothing').toBeGreaterThan(0);
    await firefox.kill();
    firefox = await openFirefox(profile.path);
    page = firefox.page;
    relay.refuse(false);
    await page.goto(relay.url + quietPath);
    const held = await page.evaluate(readSpool);
    expect(held).toMatchObject([{ question: 4, ended: false }]);

    await logIn(page, `${relay.url}/#t=${candidate.token}`);
    await press(page, 'Keep this answer');
    await expectRecording(page, 5);
    await speak(page);
    await waitFor(page, () => window.tresgo.status().ackedBytes > 0);
    await running.stop('SIGKILL');
    expect(running.process.signalCode).toBe('SIGKILL');
    const { persistedBytes } = await page.evaluate(() => window.tresgo.status());
    await speak(page, persistedBytes + 60_000);
    await press(page, 'Finish interview');
    await waitFor(page, () => window.tresgo.status().takes.at(-1)?.gate.kind === 'waiting');
    running = await spawnServer({ dataDir: server.dataDir, port: server.port });
    await waitForHeading(page, 'Interview finished');

    await expectNoSecondUpload(server);
    const { files, meta } = await readSession(server);
    expect(files.map(({ name }) => name)).toEqual(['meta.json', 'Q1.webm', 'Q2.webm', 'Q3.webm', 'Q4.webm', 'Q5.webm']);
    expect(meta.status).toBe('finished');
    const answers = files.filter(({ name }) => name.startsWith('Q'));
    expect(answers[3]?.sha256, 'what the spool held at the kill').toBe(held[0]?.sha256);
    const delivered = await page.evaluate(() => window.__tapDigests({ prefixes: true }));
    expect(delivered).toHaveLength(5);
    for (const [at, recording] of delivered.entries()) {
      const file = answers[at] as FolderFile;
      const whole = at !== 1 && at !== 3;
      const sent = recording.prefixes?.find(({ sha256 }) => sha256 === file.sha256);
      expect(sent, `${file.name} is what MediaRecorder delivered`).toBeDefined();
      if (whole) expect(sent?.bytes, `${file.name} to its end`).toBe(recording.bytes);
      if (sent) await expectPlayable(file, sent, { cutShort: !whole });
    }
    expect(errors.concat(firefox.errors)).toEqual([]);
  } finally {
    await firefox.close().catch(() => {});
    await relay.close();
    if (running !== server) await running.stop();
    await profile.remove();
  }
});
