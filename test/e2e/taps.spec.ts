/**
 * A nervous person on a small phone: taps, double taps, keys, turns, "back" and zoom at random times. No answer ends that was
 * not meant to end, there is always something to do, and nothing has to be scrolled sideways. A run that fails can be repeated:
 * with `TRESGO_SEED=…` the first run has that seed. `npm run torture -- taps` makes 500 runs.
 */
import type { Browser, BrowserContext, CDPSession, Page } from '@playwright/test';
import { type Chance, createChance } from '../support/chance.ts';
import { createRandom, createTurns, scale, seed } from '../support/scale.ts';
import type { TestServer } from '../support/server/server.ts';
import {
  begin,
  type Candidate,
  createCandidate,
  expect,
  expectRecording,
  inviteToOwnInterview,
  logIn,
  NAME,
  readSession,
  statusOf,
  test,
} from './fixtures.ts';

const SMALL_PHONE = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true } as const;
const RUNS = scale(2, 500);
/** Interviews at once: what they record is small. */
const AT_ONCE = scale(2, 4);
/** How long a nervous person goes on, in ms. */
const NERVOUS_MS = 20_000;
/** An answer below this is asked about, in ms; a recorder may start up to 100 ms after the page's clock. */
const SHORT_MS = 3000 - 100;

test.use({ ...SMALL_PHONE, realWaits: true });

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

/** What a page tells of a recorder that it stops. */
interface Stop {
  /** The screen at the stop: `gate` or `recovered` after an answer. */
  screen: string;
  ms: number;
  /** "Finish it" was pressed while it recorded. */
  confirmed: boolean;
}

declare global {
  interface Window {
    /** Set by the test. */
    tellStop(stop: Stop): void;
  }
}

/** Runs in the page: tells how long each recorder has run when the page stops it, and whether the candidate confirmed it. */
function tellStops(): void {
  let startedAt = 0;
  let confirmedAt = -1;
  const { start, stop } = MediaRecorder.prototype;
  Object.assign(MediaRecorder.prototype, {
    start(this: MediaRecorder, timeslice?: number) {
      startedAt = performance.now();
      start.call(this, timeslice);
    },
    stop(this: MediaRecorder) {
      const screen = document.getElementById('app')?.dataset.screen ?? '';
      window.tellStop({ screen, ms: performance.now() - startedAt, confirmed: confirmedAt > startedAt });
      stop.call(this);
    },
  });
  const note = ({ target }: Event) => {
    const button = target instanceof Element ? target.closest('button:not([aria-disabled="true"])') : null;
    if (button?.textContent === 'Finish it') confirmedAt = performance.now();
  };
  document.addEventListener('click', note, { capture: true });
}

/** The buttons of the page that take a press now, with the middle of each. */
async function buttons(page: Page): Promise<Array<{ name: string; x: number; y: number; takesPress: boolean }>> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLButtonElement>('button, a.button, summary')]
      .filter((each) => each.checkVisibility())
      .map((each) => {
        const { x, y, width, height } = each.getBoundingClientRect();
        const takesPress = !each.matches(':disabled, [aria-disabled="true"]');
        return { name: each.textContent?.trim() ?? '', x: x + width / 2, y: y + height / 2, takesPress };
      }),
  );
}

const isAtInterview = (page: Page) => new URL(page.url()).pathname === '/interview';

/** One thing that a nervous person does. Returns what it was, for a failure's message. */
async function fidget(page: Page, screen: CDPSession, chance: Chance): Promise<string> {
  const tap = async (x: number, y: number) => page.touchscreen.tap(Math.max(0, x), Math.max(0, y));
  const what = chance.weighted({ button: 9, spot: 2, twice: 4, key: 4, turn: 1, back: 0.3, zoom: 1, wait: 2 });
  const shown = what === 'button' || what === 'twice' ? await buttons(page) : [];
  const size = page.viewportSize() ?? SMALL_PHONE.viewport;
  const inView = shown.filter(({ x, y }) => x > 0 && y > 0 && x < size.width && y < size.height);
  switch (what) {
    case 'button':
    case 'twice': {
      if (inView.length === 0) return `${what}: none`;
      const button = chance.pick(inView);
      await tap(button.x, button.y);
      if (what === 'twice') {
        await page.waitForTimeout(chance.int(60, 1500));
        await tap(button.x, button.y);
      }
      return `${what}: ${button.name}`;
    }
    case 'spot':
      await tap(chance.int(0, size.width - 1), chance.int(0, size.height - 1));
      return what;
    case 'key': {
      const key = chance.pick(['Tab', 'Tab', 'Tab', 'Enter', 'Space', 'Escape']);
      await page.keyboard.press(key);
      return key;
    }
    case 'turn':
      await page.setViewportSize({ width: size.height, height: size.width });
      return what;
    case 'back':
      if (isAtInterview(page)) await page.goBack({ timeout: 5000 }).catch(() => {});
      return what;
    case 'zoom':
      await screen.send('Emulation.setPageScaleFactor', { pageScaleFactor: chance.pick([1, 1, 2, 3]) });
      return what;
    case 'wait':
      await page.waitForTimeout(chance.int(500, 4000));
      return what;
  }
}

/** What a calm person presses, the first that is there. "Next question" comes after more than 3 s of recording. */
const ONWARD = [
  'Go on',
  'Back to the check',
  'Stop',
  'Start interview',
  'Start all the same',
  'Keep this answer',
  'Answer now',
  'Continue',
  'Next question',
  'Finish interview',
  'Try again',
  'Retry',
];

/** Opens the link once more, behind a "back" that has left the interview. */
async function comeBack(page: Page, url: string, candidate: Candidate): Promise<void> {
  await page.goto(`${url}/#t=${candidate.token}`);
  const goOn = page.getByRole('link', { name: 'Continue your interview' });
  const logIn = page.getByRole('button', { name: 'Log in' });
  await expect(goOn.or(logIn).first()).toBeVisible();
  if (await goOn.isVisible()) await goOn.click();
  else {
    await page.getByRole('textbox', { name: 'Full name' }).fill(NAME);
    await logIn.click();
  }
  await page.waitForURL('**/interview');
}

/** A calm person takes over, and must reach the end: a page that offers nothing for 30 s is a dead end. */
async function finishCalmly(page: Page, url: string, candidate: Candidate): Promise<void> {
  await page.setViewportSize(SMALL_PHONE.viewport);
  const ended = page.getByRole('heading', { name: 'Interview finished' });
  for (let presses = 0; presses < 40; presses++) {
    if (!isAtInterview(page)) await comeBack(page, url, candidate);
    let onward = '';
    await expect
      .poll(
        async () => {
          if (await ended.isVisible()) return 'the end';
          const names = (await buttons(page)).filter(({ takesPress }) => takesPress).map(({ name }) => name);
          onward = ONWARD.find((name) => names.includes(name)) ?? '';
          return onward;
        },
        { timeout: 30_000, message: 'something to do' },
      )
      .not.toBe('');
    if (await ended.isVisible()) return;
    if (onward === 'Next question' || onward === 'Finish interview') await page.waitForTimeout(3000);
    const button = page.getByRole('button', { name: onward, exact: true });
    // The page may have gone on meanwhile.
    await button.click({ timeout: 5000 }).catch(() => {});
  }
  throw new Error('the end is not reached');
}

async function run(browser: Browser, server: TestServer, candidate: Candidate, of: number): Promise<void> {
  const chance = createChance(createRandom(of));
  const did: string[] = [];
  const stops: Stop[] = [];
  const context: BrowserContext = await browser.newContext(SMALL_PHONE);
  try {
    await context.exposeFunction('tellStop', (stop: Stop) => void stops.push(stop));
    await context.addInitScript(tellStops);
    // A connection that can't be measured: what is recorded is small.
    await context.route('**/api/uplink', (route) => route.abort());
    const page = await context.newPage();
    page.on('pageerror', (error) => did.push(`threw ${error.stack}`));
    page.on('dialog', (dialog) => void (chance.is(0.5) ? dialog.accept() : dialog.dismiss()).catch(() => {}));
    const screen = await context.newCDPSession(page);
    await logIn(page, server.url, candidate, NAME);
    await page.getByRole('button', { name: 'Start interview' }).tap();
    const until = Date.now() + NERVOUS_MS;
    while (Date.now() < until) {
      did.push(await fidget(page, screen, chance));
      const sideways = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(sideways, 'px to scroll sideways').toBeLessThanOrEqual(0);
      await page.waitForTimeout(chance.int(50, 900));
    }
    await screen.send('Emulation.setPageScaleFactor', { pageScaleFactor: 1 });
    did.push('calm');
    await finishCalmly(page, server.url, candidate);
    const unmeant = stops.filter(
      ({ screen: at, ms, confirmed }) => (at === 'gate' || at === 'recovered') && ms < SHORT_MS && !confirmed,
    );
    expect(unmeant, 'answers that ended without being meant to').toEqual([]);
    expect(did.filter((what) => what.startsWith('threw'))).toEqual([]);
  } catch (error) {
    const shown = await context.pages()[0]?.locator('body').innerText().catch(String);
    throw new Error(`TRESGO_SEED=${of}: ${error}\n${did.join(', ')}\n${JSON.stringify(stops)}\n${shown}`, {
      cause: error,
    });
  } finally {
    await context.close();
  }
}

test('random taps, keys, turns and zooms end no answer that was not meant to end, and find no dead end', async ({
  browser,
  server,
}) => {
  test.setTimeout(scale(180_000, 14_400_000));
  console.log(`taps: TRESGO_SEED=${seed}`);
  await inviteToOwnInterview(
    server,
    'questions:',
    '  - {text: One, readSeconds: 3, maxSeconds: 6}',
    '  - {text: Two, maxSeconds: 8, maxTakes: 2}',
    '  - {text: Three, thinkSeconds: 2, maxSeconds: 8}',
  );
  const inTurn = createTurns(AT_ONCE);
  let done = 0;
  const runs = Array.from({ length: RUNS }, (_, at) =>
    inTurn(async () => {
      await run(browser, server, await createCandidate(server.dataDir, `${NAME} ${at}`, 'own'), seed + at);
      done += 1;
      if (done % 20 === 0) console.log(`taps: ${done} runs`);
    }),
  );
  const failed = (await Promise.allSettled(runs)).filter((each) => each.status === 'rejected');
  expect(failed.map(({ reason }) => String(reason)).join('\n\n'), `${failed.length} of ${RUNS} runs`).toBe('');
});
