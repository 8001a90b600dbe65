/** WCAG 2.2 AA as far as a program can check it, in every state of the page: axe-core, and checks that axe does not have. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Gallery } from '../gallery/serve.ts';
import { expect, test } from './fixtures.ts';

declare global {
  interface Window {
    axe: { run(root: Document, options: RunOptions): Promise<AxeResults> };
  }
}

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const phone = { width: 390, height: 844 };
const desktop = { width: 1280, height: 800 };
let gallery: Gallery;
test.beforeEach(async ({ gallery: built }) => {
  gallery = built;
});

/**
 * Runs axe. Returns its violations, one line for each element. What the dock covers at the top of the page and not at its
 * end can be scrolled to, and is none.
 */
async function violations(page: Page): Promise<string[]> {
  const atTop = await axe(page);
  const covered = (line: string) => line.startsWith('target-size') && line.includes('obscured');
  if (!atTop.some(covered)) return atTop;
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  const atEnd = (await axe(page)).filter(covered).map(elementOf);
  return atTop.filter((line) => !covered(line) || atEnd.includes(elementOf(line)));
}

const elementOf = (line: string) => line.slice(0, line.lastIndexOf('>'));

async function axe(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await window.axe.run(document, { runOnly: tags, resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`));
  });
}

async function openStates(page: Page, lang = 'en'): Promise<string[]> {
  await page.goto(gallery.address(lang));
  await page.evaluate(axeSource);
  return page.evaluate(() => window.gallery.names);
}

async function show(page: Page, state: string): Promise<void> {
  await page.evaluate((name) => window.gallery.show(name), state);
}

/**
 * Each size, colour scheme and language is met in one round or another. In forced colours the browser chooses every colour, so
 * contrast says nothing about the page.
 */
const rounds = [
  { name: 'a phone, light, Vietnamese', size: phone, lang: 'vi', media: { colorScheme: 'light' } },
  { name: 'a phone, dark, Thai', size: phone, lang: 'th', media: { colorScheme: 'dark' } },
  { name: 'a desktop, dark, English', size: desktop, lang: 'en', media: { colorScheme: 'dark' } },
  { name: 'a desktop, light, Thai', size: desktop, lang: 'th', media: { colorScheme: 'light' } },
  { name: 'a phone, forced colours, English', size: phone, lang: 'en', media: { forcedColors: 'active' } },
] as const;

/** These differ from `permission-refused-chrome-android` in the text of three list items. */
const otherBrowsers = /^permission-refused-(?!chrome-android)/;

for (const { name, size, lang, media } of rounds) {
  test(`axe finds nothing in any state: ${name}`, async ({ page }) => {
    await page.setViewportSize(size);
    await page.emulateMedia({ ...media, reducedMotion: 'reduce' });
    const states = (await openStates(page, lang)).filter((state) => !otherBrowsers.test(state));
    expect(states.length).toBeGreaterThan(80);
    const found: Record<string, string[]> = {};
    for (const state of states) {
      await show(page, state);
      const here = await violations(page);
      if (here.length > 0) found[state] = here;
    }
    expect(found).toEqual({});
  });
}

test('axe finds nothing on the log-in page, before and after a refused log-in', async ({ page }) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.goto(`${gallery.url}/?lang=vi`);
    await page.evaluate(axeSource);
    expect(await violations(page)).toEqual([]);
    await page.locator('#submit').click();
    await expect(page.getByRole('alert')).not.toBeEmpty();
    expect(await violations(page)).toEqual([]);
  }
});

test('axe finds a button without a name, and text with too little contrast', async ({ page }) => {
  await openStates(page);
  await show(page, 'recording');
  await page.evaluate(() => {
    const buttons = [...document.querySelectorAll('.dock .primary')];
    buttons.find((each) => each.checkVisibility())?.replaceChildren();
    document.querySelector<HTMLElement>('#question-text')?.style.setProperty('color', '#ddd');
  });
  const found = await violations(page);
  expect(found.join('\n')).toContain('button-name');
  expect(found.join('\n')).toContain('color-contrast');
});

// WCAG 1.4.10 (320 CSS pixels = a desktop at 400 %), 1.4.12 (text spacing), and Thai, whose lines break by dictionary.
test('nothing is cut off or scrolls sideways at 320 pixels with wide text', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 568 });
  for (const lang of ['en', 'vi', 'th']) {
    const states = await openStates(page, lang);
    await page.evaluate(() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(
        '* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }',
      );
      document.adoptedStyleSheets = [sheet];
    });
    for (const state of states) {
      await show(page, state);
      const cut = await page.evaluate(() => {
        const tooWide = document.documentElement.scrollWidth > innerWidth ? ['the page scrolls sideways'] : [];
        const clipped = [...document.querySelectorAll<HTMLElement>('button, p, h1, h2, dd, dt, li, td, label, summary')]
          .filter((element) => element.offsetParent !== null && !element.closest('.visually-hidden'))
          .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
          .map((element) => `${element.tagName} ${element.className}: ${element.textContent}`);
        return [...tooWide, ...clipped];
      });
      expect(cut, `${lang} ${state}`).toEqual([]);
    }
  }
});

// WCAG 2.5.8 asks for 24 pixels; a thumb in a moving bus needs 44.
test('every control is large enough for a thumb, and the button to continue is in view', async ({ page }) => {
  for (const size of [phone, { width: 740, height: 360 }, desktop]) {
    await page.setViewportSize(size);
    for (const state of await openStates(page)) {
      await show(page, state);
      const small = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('button, a.button, select, input')]
          .filter((element) => element.offsetParent !== null || getComputedStyle(element).position === 'fixed')
          // A tap on the label ticks its box.
          .filter((element) => (element.closest('label') ?? element).getBoundingClientRect().height < 43.5)
          .map((element) => element.textContent),
      );
      expect(small, state).toEqual([]);
      if (/^(thinking|recording|practice)(?!.*(working-offline|muted|hidden|full|signed))/.test(state)) {
        const onward = page.locator('.onward .primary').filter({ visible: true });
        await expect(onward, `${state} at ${size.width}`).toBeInViewport({ ratio: 1 });
        const question = page.locator('.question-text').filter({ visible: true });
        await expect(question, `${state} at ${size.width}`).toBeInViewport({ ratio: 0.9 });
      }
    }
  }
});

test('on a phone held sideways the button to continue is in view beside a long question', async ({ page }) => {
  await page.setViewportSize({ width: 740, height: 360 });
  await openStates(page);
  for (const [state, button] of [
    ['thinking', '.onward .primary'],
    ['recording', '.onward .primary'],
    ['checking-ready', '.start .primary'],
  ] as const) {
    await show(page, state);
    await page.evaluate(() => {
      for (const fold of document.querySelectorAll('details')) fold.open = true;
      const words = document.querySelectorAll('.question-text, .plan li');
      for (const each of words) each.textContent = 'Tell us about a time when something went wrong. '.repeat(20);
    });
    await expect(page.locator(button).filter({ visible: true }), state).toBeInViewport({ ratio: 1 });
    // The words can be scrolled until the button covers none of them.
    const hidden = await page.evaluate(() => {
      scrollTo(0, document.body.scrollHeight);
      const bottom = (selector: string) =>
        Math.max(...[...document.querySelectorAll(selector)].map((each) => each.getBoundingClientRect().bottom));
      const buttons = [...document.querySelectorAll('.dock')].map((each) => each.getBoundingClientRect());
      return (
        bottom('.question-text, .plan li') -
        Math.min(...buttons.filter(({ height }) => height > 0).map(({ top }) => top))
      );
    });
    expect(hidden, state).toBeLessThanOrEqual(0);
  }
});

test('the button at the bottom never covers the element that has the focus', async ({ page }) => {
  await page.setViewportSize(phone);
  await openStates(page);
  for (const state of ['checking-ready', 'recording', 'gate-failed', 'recovered-review', 'practice-watching']) {
    await show(page, state);
    for (let press = 0; press < 12; press++) {
      await page.keyboard.press('Tab');
      const seen = await page.evaluate(() => {
        const focused = document.activeElement;
        // The controls inside a player belong to the browser.
        if (focused === null || focused === document.body || focused.tagName === 'VIDEO') return null;
        const { left, top, width, height } = focused.getBoundingClientRect();
        const there = document.elementFromPoint(left + width / 2, top + height / 2);
        return {
          name: focused.textContent,
          hit: focused.contains(there),
          ring: getComputedStyle(focused).outlineStyle,
        };
      });
      if (seen !== null) expect(seen, state).toMatchObject({ hit: true, ring: 'solid' });
    }
  }
});
