/** What the page shows and says in each state, and what its buttons call: the view alone, without a server behind it. */
import type { Page } from '@playwright/test';
import type { Live } from '../../client/interview/actions.ts';
import type { Gallery } from '../gallery/serve.ts';
import { expect, openReceipt, press, test } from './fixtures.ts';

let gallery: Gallery;
test.beforeEach(async ({ gallery: built }) => {
  gallery = built;
});

async function show(page: Page, state: string): Promise<void> {
  if (!page.url().startsWith(gallery.url)) await page.goto(gallery.address('en'));
  await page.evaluate((name) => window.gallery.show(name), state);
}

/** The ground of main buttons. Runs in the page. */
function accent(): string {
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = 'var(--accent)';
  return getComputedStyle(probe).color;
}

const called = (page: Page) => page.evaluate(() => window.gallery.called.splice(0));
const live = (page: Page, change: Partial<Live>) => page.evaluate((figures) => window.gallery.live(figures), change);

test('each button calls its action, and the second click of a double click calls none', async ({ page }) => {
  for (const [state, name, action] of [
    ['checking-ready', 'Start interview', 'start'],
    ['checking-ready', 'Practice question', 'practise'],
    ['practice-recording', 'Stop', 'stopPractice'],
    ['practice-watching', 'Try once more', 'practise'],
    ['practice-watching', 'Back to the check', 'leavePractice'],
    ['thinking', 'Answer now', 'answerNow'],
    ['recording', 'Next question', 'next'],
    ['recording-last', 'Finish interview', 'next'],
    ['recording-short', 'Go on', 'goOn'],
    ['recording-short', 'Finish it', 'endShort'],
    ['recording', 'Pause after this answer', 'pause'],
    ['gate-failed', 'Retry', 'retry'],
    ['gate-failed', 'Save a copy', 'saveCopies'],
    ['recording-storage-full', 'Save a copy', 'saveCopies'],
    ['recovered-review', 'Keep this answer', 'keep'],
    ['recovered-review', 'Answer again (2 takes left)', 'again'],
    ['recovered-reload', 'Answer again', 'again'],
    ['recovered-refused', 'Save a copy', 'saveCopies'],
    ['paused', 'Continue', 'resume'],
    ['finished', 'Save receipt', 'saveReceipt'],
    ['checking-no-camera', 'Try again', 'askAgain'],
  ] as const) {
    await show(page, state);
    const button = page.getByRole('button', { name, exact: true });
    await button.click();
    expect(await called(page), `${state}: ${name}`).toEqual([action]);
    await button.dblclick();
    expect(await called(page), `${state}: ${name}, twice`).toEqual([action]);
  }
});

test('views that are drawn one after the other, as languages change, leave one listener at the page', async ({
  page,
}) => {
  for (const state of ['checking-ready', 'thinking', 'recording']) await show(page, state);
  const browser = await page.context().newCDPSession(page);
  const { result } = await browser.send('Runtime.evaluate', { expression: "document.getElementById('app')" });
  const { listeners } = await browser.send('DOMDebugger.getEventListeners', { objectId: result.objectId ?? '' });
  expect(listeners.map(({ type }) => type)).toEqual(['click']);
});

test('a button that is new takes no press by pointer, touch or key before its rest is over', async ({ page }) => {
  await page.goto(gallery.address('en'));
  const end = await page.evaluateHandle(() => window.gallery.rest());
  for (const [state, name, action] of [
    ['recording', 'Next question', 'next'],
    ['recording-last', 'Finish interview', 'next'],
    ['gate-failed', 'Retry', 'retry'],
    ['recovered-reload', 'Keep this answer', 'keep'],
    ['paused', 'Continue', 'resume'],
  ] as const) {
    await page.evaluate(() => window.gallery.rest());
    await show(page, state);
    const button = page.getByRole('button', { name, exact: true });
    await expect(button).toHaveAttribute('aria-disabled', 'true');
    await button.click({ force: true });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Space');
    expect(await called(page), `${state}: ${name}, which rests`).toEqual([]);
    await end.evaluate((end) => end());
    await expect(button, 'the focus stays').toBeFocused();
    await page.keyboard.press('Enter');
    await button.click();
    expect(await called(page), `${state}: ${name}`).toEqual([action, action]);
  }
});

test('a very short answer: the dialog has the focus, "Go on" is in the place of "Next question"', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 640 });
  await show(page, 'recording');
  const next = await page.getByRole('button', { name: 'Next question' }).boundingBox();
  await show(page, 'recording-short');
  const dialog = page.getByRole('alertdialog', { name: 'That was very short' });
  await expect(dialog).toHaveAccessibleDescription(/still recording/);
  await expect(dialog.getByRole('button', { name: 'Go on' })).toBeFocused();
  expect(await dialog.getByRole('button', { name: 'Go on' }).boundingBox()).toEqual(next);
  await page.keyboard.press('Escape');
  expect(await called(page)).toEqual(['goOn']);
});

test('a key held down on "Answer now" does not end the answer', async ({ page }) => {
  await show(page, 'thinking');
  await page.getByRole('button', { name: 'Answer now' }).focus();
  for (let repeat = 0; repeat < 5; repeat++) await page.keyboard.down('Enter');
  expect(await called(page)).toEqual(['answerNow']);
});

test('the buttons of a choice are shown only where the candidate has that choice', async ({ page }) => {
  await show(page, 'recovered-review-none-left');
  await expect(page.getByRole('button', { name: 'Keep this answer' })).toBeVisible();
  await expect(page.getByRole('button', { name: /Answer again/ })).toHaveCount(0);
  await show(page, 'recovered-refused');
  await expect(page.getByRole('button', { name: 'Keep this answer' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Answer again' })).toBeVisible();
  await show(page, 'recovered-lost');
  await expect(page.getByRole('button', { name: 'Answer again' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save a copy' })).toHaveCount(0);
  await show(page, 'recording-last');
  await expect(page.getByRole('button', { name: 'Pause after this answer' })).toHaveCount(0);
  await show(page, 'recording-pausing');
  await expect(page.getByRole('button', { name: 'Pause after this answer' })).toHaveAttribute('aria-pressed', 'true');
});

test('the six states, word for word', async ({ page }) => {
  for (const [state, words] of [
    ['requesting', 'Requesting permissions'],
    ['recording', 'Recording'],
    ['gate-uploading', 'Uploading'],
    ['gate-open', 'Upload Success'],
    ['gate-waiting', 'Retrying in 4 s'],
    ['gate-failed', 'Upload Failed'],
  ] as const) {
    await show(page, state);
    await expect(page.getByRole('status').getByText(words, { exact: true })).toBeVisible();
  }
  // What a network in the way says is told where the candidate waits, with what helps.
  await live(page, { obstacle: 405 });
  await expect(page.getByRole('status')).toContainText(
    'Something between you and us refuses uploads (405). Try another',
  );
  await live(page, { obstacle: 200 });
  await expect(page.getByRole('status')).toContainText('Your network answers in our place');
});

test('the time to think is counted down on the screen, and announced at its start and ten seconds before its end', async ({
  page,
}) => {
  await show(page, 'thinking');
  const hints = page.locator('.hints');
  await live(page, { thinkLeftMs: 30_000 });
  await expect(page.getByText('Up to 2 minutes, 3 takes in all.')).toBeVisible();
  await expect(page.getByRole('timer')).toHaveText('0:30');
  await expect(hints).toHaveText('You have 30 seconds to think. Then recording starts by itself.');
  await live(page, { thinkLeftMs: 10_001 });
  await expect(page.getByRole('timer')).toHaveText('0:11');
  await expect(hints).toContainText('30 seconds');
  await live(page, { thinkLeftMs: 9_900 });
  await expect(page.getByRole('timer')).toHaveText('0:10');
  await expect(hints).toHaveText('10 seconds left to think. Then recording starts by itself.');
  expect(
    await changesOf(
      page,
      '.hints',
      [9_000, 5_000, 1_000].map((thinkLeftMs) => ({ thinkLeftMs })),
    ),
  ).toBe(0);
});

test('the end of an answer is announced once, in time', async ({ page }) => {
  await show(page, 'recording-ending');
  await show(page, 'recording');
  const hints = page.locator('.hints');
  await live(page, { leftMs: 30_100 });
  await expect(hints).toBeEmpty();
  await live(page, { leftMs: 29_900 });
  await expect(hints).toContainText('About 30 seconds left');
  await expect(page.locator('.clock-limit')).toHaveText('0:30 left');
  expect(
    await changesOf(
      page,
      '.hints',
      [20_000, 3_000, 0].map((leftMs) => ({ leftMs })),
    ),
  ).toBe(0);
});

test('a silent microphone is announced, until sound comes', async ({ page }) => {
  await show(page, 'recording-silent');
  await expect(page.locator('.hints')).toContainText('We can’t hear you');
  await live(page, { sound: 'heard' });
  await expect(page.locator('.hints')).toBeEmpty();
  await show(page, 'checking-silent');
  const status = page.getByRole('status');
  await expect(status).toHaveText('We can’t hear you yet.');
  await expect(status).toHaveAttribute('data-tone', 'warning');
  await live(page, { sound: 'heard' });
  await expect(page.getByText('We have heard you.')).toBeVisible();
  await expect(status).toHaveAttribute('data-tone', 'good');
});

test('the check is green only once a voice was heard', async ({ page }) => {
  await show(page, 'checking-measuring');
  const status = page.getByRole('status');
  await expect(status).toHaveText('Almost ready. Please say a few words.');
  await expect(status).toHaveAttribute('data-tone', 'busy');
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
  for (const [sound, tone] of [
    ['silent', 'warning'],
    ['heard', 'good'],
    // The candidate reads.
    ['quiet', 'good'],
  ] as const) {
    await live(page, { sound });
    await expect(status).toHaveAttribute('data-tone', tone);
  }
});

test('a start without a voice is asked about where it was pressed, until a voice comes', async ({ page }) => {
  await show(page, 'checking-unheard');
  const start = page.getByRole('button', { name: 'Start interview' });
  await expect(page.getByRole('group', { name: 'We have not heard you yet. Start all the same?' })).toBeVisible();
  await expect(start).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Check my microphone' })).toBeFocused();
  await press(page, 'Check my microphone');
  await press(page, 'Start all the same');
  expect(await called(page)).toEqual(['speakFirst', 'start']);
  await live(page, { sound: 'heard' });
  await expect(start).toBeVisible();
  await expect(page.getByRole('button', { name: 'Start all the same' })).toHaveCount(0);
});

test('where the devices fail, "Try again" is the main button, and nothing lies over the words', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const again = page.getByRole('button', { name: 'Try again' });
  for (const state of ['permission-refused-chrome-android', 'checking-no-camera', 'requesting-refused']) {
    await show(page, state);
    const [main, last] = await Promise.all([
      again.evaluate((element) => getComputedStyle(element).backgroundColor),
      page
        .locator('.dock .primary')
        .filter({ visible: true })
        .evaluate((element: HTMLButtonElement) => element.disabled),
    ]);
    expect(main, state).toBe(await page.evaluate(accent));
    expect(last, state).toBe(true);
    await expect(page.locator('.dock'), state).toHaveCSS('position', 'static');
    await expect(page.getByRole('combobox', { name: 'Camera' })).toHaveCount(0);
  }
  await show(page, 'checking-ready');
  await expect(page.getByRole('combobox', { name: 'Camera' })).toBeVisible();
  await expect(page.getByLabel('Microphone level')).toBeVisible();
  await expect(page.locator('.dock')).toHaveCSS('position', 'sticky');
});

test('hints are a line each, and stop no start', async ({ page }) => {
  const hints = page.locator('.check-hints').getByRole('listitem');
  await show(page, 'checking-ready');
  await expect(hints).toHaveCount(0);
  await show(page, 'checking-all-hints');
  await expect(hints).toHaveText([/^Your picture is dark/, /^The battery is low/, /almost full/, /connection is slow/]);
  await expect(page.getByRole('button', { name: 'Start interview' })).toBeEnabled();
});

test('numbers that change all the time are in no live region', async ({ page }) => {
  await show(page, 'recording');
  const moving = await page.evaluate(() =>
    ['.clock-time', '.clock-limit', '.upload-progress-text', '.upload-progress-amounts', '.stage-count'].filter(
      (selector) =>
        document.querySelector(selector)?.closest('[aria-live]:not([aria-live="off"]), [role=status], [role=alert]'),
    ),
  );
  expect(moving).toEqual([]);
});

test('one line says that the answer is safe so far; the amounts are behind a tap', async ({ page }) => {
  await show(page, 'recording');
  await live(page, { recordedBytes: 12_600_000, ackedBytes: 12_600_000 });
  const line = page.getByText('Safe so far.');
  const amounts = page.getByText('On this device', { exact: true });
  await expect(line).toBeVisible();
  await expect(amounts).toBeHidden();
  await line.click();
  await expect(amounts).toBeVisible();
});

test('a recording is played with sound in place of the camera picture, and the camera picture comes back', async ({
  page,
}) => {
  await show(page, 'practice-watching');
  const player = page.locator('.stage-player');
  await expect(player).toBeVisible();
  await expect(page.locator('.stage-video')).toBeHidden();
  await player.evaluate((video: HTMLVideoElement) => video.play());
  await expect.poll(() => player.evaluate((video: HTMLVideoElement) => video.currentTime)).toBeGreaterThan(0);
  expect(await player.evaluate(({ muted, controls }: HTMLVideoElement) => ({ muted, controls }))).toEqual({
    muted: false,
    controls: true,
  });
  await page.evaluate(() => window.gallery.playback(null));
  await expect(player).toBeHidden();
  await expect(page.locator('.stage-video')).toBeVisible();
});

test('the page offers to play an answer only where there is a player, and shows no upload of an answer that has arrived', async ({
  page,
}) => {
  const text = page.locator('.recovered-text');
  await show(page, 'recovered-review-unseen');
  await expect(text).toHaveText('You spoke for 84 seconds. Please choose.');
  await expect(page.getByText('Arrived in full, and checked.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Sending your answer' })).toHaveCount(0);
  await show(page, 'recovered-review');
  await expect(text).toContainText('Play it back if you like');
  await expect(page.getByRole('heading', { name: 'Sending your answer' })).toBeVisible();
  await page.evaluate(() => window.gallery.playback(null));
  await expect(text).toHaveText('You spoke for 84 seconds. Please choose.');
});

test('another camera can be chosen where the first one failed for a question', async ({ page }) => {
  await show(page, 'requesting-camera-busy');
  const cameras = page.getByRole('combobox', { name: 'Camera' });
  await expect(cameras).toHaveValue('c2');
  await expect(page.getByRole('button', { name: 'Start interview' })).toHaveCount(0);
  await cameras.selectOption('c1');
  expect(await called(page)).toEqual(['chooseCamera']);
  await show(page, 'requesting');
  await expect(cameras).toHaveCount(0);
});

test('the link to the log-in is absent in mid-answer; after the answer it is there, and the page learns of the click', async ({
  page,
}) => {
  await show(page, 'recording-signed-out');
  await expect(page.getByRole('link', { name: 'Log in again' })).toHaveCount(0);
  await show(page, 'gate-signed-out');
  const link = page.getByRole('link', { name: 'Log in again' });
  await link.evaluate((element) => element.addEventListener('click', (event) => event.preventDefault()));
  await link.click();
  expect(await called(page)).toEqual(['leave']);
});

test('what only support understands is folded, and can be copied; whom to ask is a link', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await show(page, 'unexpected');
  const detail = page.getByText('unexpected: TypeError: x is not a function');
  await expect(detail).toBeHidden();
  await page.getByText('Details for support').click();
  await expect(detail).toBeVisible();
  await press(page, 'Copy');
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('TypeError');
  await show(page, 'gate-digest-mismatch');
  await expect(page.getByRole('alert')).not.toContainText(/[0-9a-f]{20}/);
  await expect(page.getByRole('link', { name: 'jobs@binhminh.example' })).toHaveAttribute('href', /^mailto:/);
});

for (const [motion, moves] of [
  ['reduce', false],
  ['no-preference', true],
] as const) {
  test(`animations follow prefers-reduced-motion: ${motion}`, async ({ page }) => {
    await page.emulateMedia({ reducedMotion: motion });
    for (const state of ['gate-uploading', 'finishing']) {
      await show(page, state);
      const count = () => page.evaluate(() => document.getAnimations().length);
      await expect.poll(async () => (await count()) > 0, { message: state }).toBe(moves);
    }
  });
}

test('the receipt lists the answers that the server stores', async ({ page }) => {
  await show(page, 'finished');
  await expect(page.getByRole('table')).toHaveCount(0);
  await openReceipt(page);
  const rows = page.getByRole('table', { name: 'Your receipt' }).getByRole('row');
  await expect(rows).toHaveCount(6);
  await expect(rows.nth(1).getByRole('cell')).toHaveText(['1', '1:02', '3.1 MB', /2025/, '1a7f03c9']);
  await expect(rows.nth(3).getByRole('cell').nth(1), 'recorded on another device').toHaveText('unknown');
  await page.getByText('Digests in full').click();
  await expect(page.getByText(/^2a7f[0-9a-f]{60}$/)).toBeVisible();
  await show(page, 'finished-without-receipt');
  await expect(page.getByRole('table')).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'Interview finished' })).toBeFocused();
});

/** Counts the changes of the text of `selector` while the numbers of the page change. */
async function changesOf(page: Page, selector: string, figures: Partial<Live>[]): Promise<number> {
  return page.evaluate(
    async ([selector, figures]) => {
      let changes = 0;
      const element = document.querySelector(selector);
      if (element === null) throw new Error(`no ${selector}`);
      new MutationObserver((seen) => {
        changes += seen.length;
      }).observe(element, { childList: true, characterData: true, subtree: true });
      for (const each of figures) {
        window.gallery.live(each);
        await new Promise((resolve) => setTimeout(resolve));
      }
      return changes;
    },
    [selector, figures] as const,
  );
}

test('where the interview stands still another device is offered: the link as a QR code and as text', async ({
  page,
}) => {
  const link = 'https://interviews.example.org/?lang=en#t=a1b2c3d4e5f6a7b8c9d0e1f2';
  const offer = page.getByRole('button', { name: 'Continue on another device' });
  for (const state of ['paused', 'gate-failed', 'finishing-failed', 'checking-no-camera', 'requesting-camera-busy']) {
    await show(page, state);
    await expect(offer, state).toHaveAttribute('aria-expanded', 'false');
  }
  for (const state of ['recording', 'checking-ready', 'gate-uploading', 'gate-open', 'recovered-reload', 'finished']) {
    await show(page, state);
    await expect(offer, state).toBeHidden();
  }
  await show(page, 'paused');
  await called(page);
  await offer.press('Enter');
  expect(await called(page)).toEqual(['linkForAnotherDevice']);
  await expect(offer).toHaveAttribute('aria-expanded', 'true');
  await expect(page.getByRole('img', { name: 'QR code of your link' })).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Your link' })).toHaveValue(link);
  await offer.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Your link' })).toBeHidden();
});

test('at a gate another device is offered to a candidate who has waited for 10 s', async ({ page }) => {
  const offer = page.getByRole('button', { name: 'Continue on another device' });
  await page.clock.install();
  await show(page, 'gate-uploading');
  await page.clock.runFor(9000);
  await live(page, {});
  await expect(offer).toBeHidden();
  await page.clock.runFor(2000);
  await live(page, {});
  await expect(offer).toBeVisible();
});
