/** Firefox as the tests start it: over WebDriver BiDi, with its own fake camera and microphone, on a profile that can outlive it. */
import puppeteer, { type Browser, type JSHandle, type Page } from 'puppeteer-core';
import { mediaRecorderTap } from './browser.ts';
import { locate } from './install.mjs';

/** How long a heading, a button or a state may take to come: Firefox, too, encodes its picture in software. */
const PATIENCE_MS = 60_000;
const POLLING_MS = 200;

export interface Firefox {
  /** With the tap in every page it opens. */
  readonly page: Page;
  /** What the page threw so far. */
  readonly errors: string[];
  /** SIGKILL of the browser and of all its processes; resolves once they are gone. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** The Firefox to run; throws with the cure when there is none. */
export function firefoxPath(): string {
  const path = locate('firefox');
  if (path === null) throw new Error('Firefox is missing: run `node test/support/install.mjs`');
  return path;
}

/** Starts Firefox without a window on the profile in `userDataDir`, which a killed one may have left. */
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
  // A page that records asks whether it may be left.
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
 * Waits for a true answer; on none says what the page shows. Not at each frame, and never by the accessibility tree: either
 * starves Firefox's recorder.
 */
export async function waitFor<A extends unknown[]>(page: Page, condition: (...args: A) => unknown, ...args: A) {
  const polling = { polling: POLLING_MS };
  return page.waitForFunction(condition as (...args: unknown[]) => unknown, polling, ...args).catch(async (cause) => {
    const shown = await page.evaluate(() => `${location.href}\n${document.body.innerText}`).catch(String);
    const status = await page.evaluate(() => JSON.stringify(window.tresgo?.status())).catch(String);
    throw new Error(`never came: ${condition} ${args}\n${shown}\n${status}`, { cause });
  });
}

/** Presses the button of that name, once it can be pressed. */
export async function press(page: Page, name: string): Promise<void> {
  const button = await waitFor(
    page,
    (words) =>
      [...document.querySelectorAll('button')].find(
        (each) => each.textContent === words && !each.disabled && each.checkVisibility(),
      ),
    name,
  );
  // Not by the mouse: while the preview appears, buttons move, and a click where one was goes nowhere.
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
