/** Firefox as the tests start it: over WebDriver BiDi, with its fake camera and microphone, on a profile that survives it. */
import puppeteer, { type Browser, type JSHandle, type Page } from 'puppeteer-core';
import { locate } from '../install.mjs';
import { mediaRecorderTap } from './browser.ts';

/** Time limit for a heading, a button or a state: Firefox encodes its picture in software. */
const PATIENCE_MS = 60_000;
const POLLING_MS = 200;

/** A running Firefox with one page. */
export interface Firefox {
  /** `mediaRecorderTap` is in every document that it opens. */
  readonly page: Page;
  /** The errors that the page has thrown so far. */
  readonly errors: string[];
  /** Sends SIGKILL to the browser and all its processes; resolves once the browser is gone. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** Finds the Firefox to run. @throws Error that names the remedy when there is none */
export function firefoxPath(): string {
  const path = locate('firefox');
  if (path === null) throw new Error('Firefox is missing: run `node test/support/install.mjs`');
  return path;
}

/** Starts Firefox without a window on the profile in `userDataDir`, also after a kill. */
export async function openFirefox(userDataDir: string): Promise<Firefox> {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: firefoxPath(),
    headless: true,
    userDataDir,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
    },
  });
  const page = (await browser.pages())[0] ?? (await browser.newPage());
  await page.evaluateOnNewDocument(mediaRecorderTap);
  page.setDefaultTimeout(PATIENCE_MS);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  // A page that is recording asks for a confirmation before it is left.
  page.on('dialog', (dialog) => void dialog.accept());
  return { page, errors, kill: () => kill(browser), close: () => browser.close() };
}

async function kill(browser: Browser): Promise<void> {
  const process_ = browser.process();
  if (!process_?.pid) throw new Error('Firefox has no process to kill');
  const gone = new Promise((resolve) => process_.once('exit', resolve));
  // Firefox leads a process group of its own: its content processes go with it.
  process.kill(-process_.pid, 'SIGKILL');
  await gone;
}

/**
 * Waits until `condition` is true in the page, for up to 60 s. It polls every 200 ms and never reads the accessibility tree:
 * a poll at each frame, or that tree, takes the processor time of Firefox's recorder.
 * @throws Error with the text of the page and its status
 */
export async function waitFor<A extends unknown[]>(page: Page, condition: (...args: A) => unknown, ...args: A) {
  const polling = { polling: POLLING_MS };
  return page.waitForFunction(condition as (...args: unknown[]) => unknown, polling, ...args).catch(async (cause) => {
    const shown = await page.evaluate(() => `${location.href}\n${document.body.innerText}`).catch(String);
    const status = await page.evaluate(() => JSON.stringify(window.tresgo?.status())).catch(String);
    throw new Error(`never came: ${condition} ${args}\n${shown}\n${status}`, { cause });
  });
}

/** Presses the button with this name, once it is visible and enabled. */
export async function press(page: Page, name: string): Promise<void> {
  const button = await waitFor(
    page,
    (words) =>
      [...document.querySelectorAll('button')].find(
        (each) =>
          each.textContent === words && !each.disabled && each.ariaDisabled !== 'true' && each.checkVisibility(),
      ),
    name,
  );
  // Not with the mouse: buttons move while the preview appears, and the click would miss them.
  await (button as JSHandle<HTMLButtonElement>).evaluate((each) => each.click());
}

/** Waits until a heading of the page has these words. */
export async function waitForHeading(page: Page, words: string): Promise<void> {
  await waitFor(
    page,
    (wanted) =>
      [...document.querySelectorAll('h1, h2')].some((each) => each.textContent === wanted && each.checkVisibility()),
    words,
  );
}

/** Opens a candidate's link, and logs in. */
export async function logIn(page: Page, link: string): Promise<void> {
  await page.goto(link);
  const name = await page.$('input[autocomplete=name]');
  // The page may have filled in the name.
  await name?.evaluate((box) => {
    (box as HTMLInputElement).value = '';
  });
  await name?.type('nguyen van a');
  await press(page, 'Log in');
}

/** Waits until the question is being recorded. */
export async function expectRecording(page: Page, question: number, of = 5): Promise<void> {
  await waitForHeading(page, `Question ${question} of ${of}`);
  await waitFor(page, () => window.tresgo.status().state === 'recording');
}

/** Records for 3 s, below which the page asks whether the answer ends, and until the device has kept `bytes` of it. */
export async function speak(page: Page, bytes = 60_000): Promise<void> {
  await waitFor(page, () => (document.querySelector('.clock-time')?.textContent ?? '') >= '0:03');
  await waitFor(page, (wanted) => window.tresgo.status().persistedBytes >= wanted, bytes);
}
