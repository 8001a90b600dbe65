/**
 * A nervous person on a small phone: taps, double taps, keys, swipes, turns, "back", reloads and zoom at random times. No answer
 * ends that was not meant to end, the server holds what was recorded last, there is always something to do, and nothing has to
 * be scrolled sideways. A run that fails can be repeated: with `TRESGO_SEED=…` the first run has that seed.
 * `npm run torture -- taps` makes 500 runs, from `--seed N` on, or `--runs N`.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, BrowserContext } from '@playwright/test';
import { chromiumArgs, chromiumPath } from '../support/browser/browser.ts';
import { createChance } from '../support/chance.ts';
import { smallMedia } from '../support/media/media.ts';
import { createRandom, createTurns, isTorture, scale, seed } from '../support/scale.ts';
import type { TestServer } from '../support/server/server.ts';
import {
  admin,
  begin,
  createCandidate,
  expect,
  expectRecording,
  NAME,
  readSession,
  statusOf,
  test,
} from './fixtures.ts';
import { arrive, beNervous, finishCalmly, nameOf, type Sight, SMALL_PHONE } from './nervous-person.ts';
import { createRecordings, type Recordings } from './recordings.ts';

/** How many runs, from the seed on; `npm run torture -- taps --runs N`. */
const RUNS = Number(process.env.TRESGO_RUNS ?? scale(2, 500));
/** Interviews at once. */
const AT_ONCE = scale(2, 4);
/** How long a nervous person goes on at most, in ms. */
const NERVOUS_MS = 25_000;

test.use({
  ...SMALL_PHONE,
  realWaits: true,
  launchOptions: { executablePath: chromiumPath(), args: chromiumArgs(await smallMedia()) },
});

test('four taps on the spot of "Next question" end one question, and leave the candidate in the next one', async ({
  page,
  server,
  candidate,
}) => {
  await begin(page, server.url, candidate);
  await page.waitForTimeout(3500);
  const box = await page.getByRole('button', { name: 'Next question' }).boundingBox();
  if (!box) throw new Error('no button');
  const began = Date.now();
  for (const atMs of [0, 1500, 2600, 3700]) {
    await page.waitForTimeout(Math.max(0, began + atMs - Date.now()));
    await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
  }
  await expectRecording(page, 2);
  expect(await statusOf(page)).toMatchObject({ question: 2, answered: [1], state: 'recording' });
  const { files } = await readSession(server);
  expect(files.map(({ name }) => name)).toEqual(['meta.json', 'Q1.webm']);
});

test('"Next question" right after the start asks once; "Go on" goes on, and the answer is one whole recording', async ({
  page,
  server,
  candidate,
}) => {
  // The press comes in the moment in which the button takes one: from outside, on a busy machine, 3 s might have passed.
  await page.addInitScript(() => {
    const observer = new MutationObserver(() => {
      const next = [...document.querySelectorAll('button')].find(({ textContent }) => textContent === 'Next question');
      if (!next || next.disabled || next.ariaDisabled === 'true' || !next.checkVisibility()) return;
      observer.disconnect();
      next.click();
    });
    observer.observe(document, { subtree: true, childList: true, attributes: true });
  });
  await begin(page, server.url, candidate);
  const asked = page.getByRole('alertdialog', { name: 'That was very short' });
  await expect(asked).toBeVisible();
  await expect(page.getByRole('status').getByText('Recording', { exact: true })).toBeVisible();
  await asked.getByRole('button', { name: 'Go on' }).tap();
  await expect(asked).toBeHidden();
  await page.waitForTimeout(2000);
  await page.getByRole('button', { name: 'Next question' }).tap();
  await expectRecording(page, 2);
  const [delivered] = await page.evaluate(() => window.__tapDigests());
  const { files } = await readSession(server);
  expect(files.find(({ name }) => name === 'Q1.webm')?.sha256).toBe(delivered?.sha256);
});

/** The kinds of interview, by slug. What is recorded is short, so that a run mostly presses. */
const INTERVIEWS = {
  usual: [
    'questions:',
    '  - {text: One, readSeconds: 3, maxSeconds: 6}',
    '  - {text: Two, maxSeconds: 6, maxTakes: 2}',
    '  - {text: Three, thinkSeconds: 2, maxSeconds: 6}',
  ],
  agreed: [
    'consent: {text: We keep your video for a year., version: v1}',
    'organization: An organization',
    'intro: There are no wrong answers.',
    'contact: jobs@example.com',
    'questions:',
    '  - {text: One, maxSeconds: 6, maxTakes: 3}',
    '  - {text: Two, maxSeconds: 6, maxTakes: 3}',
  ],
  late: [
    'gate: end',
    'questions:',
    '  - {text: One, maxSeconds: 6}',
    '  - {text: Two, maxSeconds: 6}',
    '  - {text: Three, maxSeconds: 6}',
  ],
  voice: ['allowAudioOnly: true', 'questions:', '  - {text: One, maxSeconds: 6}', '  - {text: Two, maxSeconds: 6}'],
} as const satisfies Record<string, readonly string[]>;
const SLUGS = Object.keys(INTERVIEWS) as Array<keyof typeof INTERVIEWS>;

/**
 * Runs in the page. The sound is recorded as it comes: cleaning it would take most of the machine's time. `troubled`: each
 * second attempt to open the camera fails, and the microphone brings nothing at first.
 */
function changeDevices(troubled: boolean): void {
  const { mediaDevices } = navigator;
  // A blank page has none.
  if (!mediaDevices) return;
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  let attempts = 0;
  mediaDevices.getUserMedia = async (wanted = {}) => {
    attempts += 1;
    if (troubled && wanted.video && attempts % 2 === 1) throw new DOMException('Device in use', 'NotReadableError');
    const sound = typeof wanted.audio === 'object' ? wanted.audio : {};
    const plain = { ...sound, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await open({ ...wanted, audio: plain });
    if (troubled) for (const track of stream.getAudioTracks()) track.enabled = attempts > 2;
    return stream;
  };
}

/** One candidate, first nervous and then calm. Returns what was pressed. */
async function run(browser: Browser, server: TestServer, at: number): Promise<Recordings['presses']> {
  const of = seed + at;
  const chance = createChance(createRandom(of));
  // Dialogs come when they come: they must not change the other choices.
  const dialogs = createChance(createRandom(of + 2 ** 30));
  const slug = chance.pick(SLUGS);
  const name = `${NAME} n${at}`;
  const did: string[] = [slug];
  const errors: string[] = [];
  const contexts: BrowserContext[] = [];
  const recordings = createRecordings(nameOf);
  const { token } = await createCandidate(server.dataDir, name, slug);

  async function openDevice(): Promise<Sight> {
    const context = await browser.newContext(SMALL_PHONE);
    contexts.push(context);
    await recordings.listen(context);
    await context.addInitScript(changeDevices, slug === 'voice' && chance.is(0.7));
    // A connection that can't be measured: what is recorded is small.
    await context.route('**/api/uplink', (route) => route.abort());
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(error.stack ?? String(error)));
    page.on('dialog', (dialog) => void (dialogs.is(0.5) ? dialog.accept() : dialog.dismiss()).catch(() => {}));
    const sight = { page, context, link: `${server.url}/#t=${token}`, name, chance, did };
    await arrive(sight);
    return sight;
  }

  try {
    let sight = await openDevice();
    await beNervous(sight, chance.int(12_000, NERVOUS_MS));
    // Some go on with another phone, and leave the first one as it is.
    if (chance.is(0.1)) {
      did.push('another device');
      sight = await openDevice();
    }
    await finishCalmly(sight);
    expect(await recordings.faults(server, `nguyen_van_a_n${at}`), 'answers').toEqual([]);
    expect(errors, 'errors thrown in the page').toEqual([]);
    return recordings.presses;
  } catch (error) {
    const page = contexts.at(-1)?.pages()[0];
    const shown = await page?.locator('body').innerText({ timeout: 5000 }).catch(String);
    throw new Error(`TRESGO_SEED=${of}: ${error}\n${did.join(', ')}\n${recordings}\n${shown}`, { cause: error });
  } finally {
    for (const context of contexts) await context.close();
  }
}

test('random presses, keys, turns and reloads end no answer that was not meant to end, and find no dead end', async ({
  browser,
  server,
}) => {
  test.setTimeout(scale(300_000, 14_400_000));
  console.log(`taps: TRESGO_SEED=${seed}`);
  for (const [slug, lines] of Object.entries(INTERVIEWS)) {
    const file = path.join(server.dataDir, `${slug}.yaml`);
    await writeFile(file, [`slug: ${slug}`, 'title: An interview', ...lines, ''].join('\n'));
    await admin(server.dataDir, 'interview', 'create', file);
  }
  const inTurn = createTurns(AT_ONCE);
  const presses = new Map<string, number>();
  let done = 0;
  const runs = Array.from({ length: RUNS }, (_, at) =>
    inTurn(async () => {
      const began = Date.now();
      try {
        for (const [what, times] of await run(browser, server, at)) presses.set(what, (presses.get(what) ?? 0) + times);
        done += 1;
        if (isTorture) console.log(`taps: ${done} done, ${seed + at} in ${Math.round((Date.now() - began) / 1000)} s`);
      } catch (error) {
        console.log(`taps: ${error}`);
        throw error;
      }
    }),
  );
  const failed = (await Promise.allSettled(runs)).filter((each) => each.status === 'rejected');
  const reached = [...presses].map(([what, times]) => `${what} ${times}`).sort();
  if (isTorture) console.log(reached.join('\n'));
  expect(failed.map(({ reason }) => String(reason)).join('\n\n'), `${failed.length} of ${RUNS} runs`).toBe('');
});
