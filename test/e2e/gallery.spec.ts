/** What must hold in every state of the page, at every size and in every language: layout, colours, and words that agree. */
import type { Page } from '@playwright/test';
import { en } from '../../client/i18n/en.ts';
import type { Messages } from '../../client/i18n/index.ts';
import { th } from '../../client/i18n/th.ts';
import { vi } from '../../client/i18n/vi.ts';
import type { Gallery } from '../gallery/serve.ts';
import { expect, test } from './fixtures.ts';

let gallery: Gallery;
test.beforeEach(async ({ gallery: built }) => {
  gallery = built;
});

/** `text`: the size of the root's text in pixels; 32 = 200 %. */
interface Size {
  width: number;
  height: number;
  text?: number;
}
const small: Size[] = [
  { width: 320, height: 480 },
  { width: 390, height: 844, text: 32 },
  { width: 740, height: 360 },
];
const sizes: Size[] = [
  ...small,
  { width: 360, height: 560 },
  { width: 844, height: 390 },
  // A desktop of 1280 x 800 at 200 % and at 400 %.
  { width: 640, height: 400 },
  { width: 320, height: 200 },
  { width: 1280, height: 800 },
];

/** What is wrong with the layout of the state that is shown. Runs in the page. */
async function layoutFaults(): Promise<string[]> {
  const faults: string[] = [];
  const seen = (selector: string) =>
    [...document.querySelectorAll<HTMLElement>(selector)].filter((each) => each.checkVisibility());
  /** Whether all of it is on the screen, and nothing lies over its middle. */
  const inSight = (element: HTMLElement) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    if (left < -1 || top < -1 || right > innerWidth + 1 || bottom > innerHeight + 1) return false;
    const there = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    if (there === null) return false;
    // The status line flows around the time.
    return [element, element.closest('.now')].some((each) => each?.contains(there)) || there.contains(element);
  };
  const check = (place: string) => {
    // At 400 % the buttons have no place of their own: the page is read through to them. Where an alert has the button that
    // leads on, those at the end can't be pressed.
    const docked =
      innerHeight < 300 || seen('.notice .primary').length > 0 ? [] : seen('.dock .primary, .hints:not(:empty)');
    for (const each of [...docked, ...seen('.clock-time, .clock-limit')])
      if (!inSight(each)) faults.push(`${place}: "${each.textContent}" is not in sight`);
  };
  check('at the top');
  for (const each of seen('#app .primary'))
    if (!each.closest('.dock, .notice')) faults.push(`"${each.textContent}" is not in the dock`);
  if (document.documentElement.scrollWidth > innerWidth) faults.push('the page scrolls sideways');
  // While the page asks about a very short answer, that question is the one to read.
  const question = seen('[role="alertdialog"]').length > 0 ? undefined : seen('.question-text')[0];
  if (question !== undefined) {
    const words = document.createRange();
    words.selectNodeContents(question);
    const last = () => [...words.getClientRects()].at(-1) as DOMRect;
    scrollBy(0, last().top - innerHeight / 2);
    const { left, top, width, height } = last();
    if (document.elementFromPoint(left + width / 2, top + height / 2) !== question)
      faults.push('the last line of the question is covered');
  }
  scrollTo(0, document.body.scrollHeight);
  check('at the end');
  scrollTo(0, 0);
  return faults;
}

for (const [lang, rounds] of [
  ['en', sizes],
  ['vi', small],
  ['th', small],
] as const)
  test(`the buttons, the time and the question are in sight at every size: ${lang}`, async ({ page }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.goto(gallery.address(lang));
    const found: Record<string, string[]> = {};
    for (const state of await page.evaluate(() => window.gallery.names)) {
      await page.evaluate((name) => window.gallery.show(name), state);
      for (const { width, height, text = 16 } of rounds) {
        await page.setViewportSize({ width, height });
        await page.evaluate((px) => document.documentElement.style.setProperty('font-size', `${px}px`), text);
        const faults = await page.evaluate(layoutFaults);
        if (faults.length > 0) found[`${state} at ${width} x ${height}, text ${text} px`] = faults;
      }
    }
    expect(found).toEqual({});
  });

for (const lang of ['en', 'vi', 'th'])
  test(`on a phone what the check asks for is above the fold, and what can be read later is folded: ${lang}`, async ({
    page,
  }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(gallery.address(lang));
    const found: Record<string, unknown> = {};
    for (const state of ['checking-measuring', 'checking-ready', 'checking-silent', 'checking-thoughtful']) {
      await page.evaluate((name) => window.gallery.show(name), state);
      const hidden = await page.evaluate(() =>
        ['.status', '.stage', '.meter', '.sound .hint', '#camera', '#microphone', '.start .primary'].filter((each) => {
          const element = document.querySelector(each);
          const { left, top, right, bottom, width } = element?.getBoundingClientRect() ?? new DOMRect();
          const inside = width > 0 && left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
          return !inside || !element?.contains(document.elementFromPoint((left + right) / 2, bottom - 2));
        }),
      );
      const open = await page.locator('details[open]').count();
      if (hidden.length > 0 || open > 0) found[state] = { hidden, open };
    }
    expect(found).toEqual({});
  });

/** Sentences that say the opposite of each other: no screen may show two of a pair. */
function contradictions({ states, sentences, gate, alert, alerts, check, recovered, uploadProgress }: Messages) {
  const whole = [
    sentences.closing,
    sentences.closingWaits,
    sentences.closingFailed,
    sentences.finished,
    sentences.open,
  ];
  const underway = [states.uploading, states.failed, gate.heading, gate.headingAll, gate.headingFailed];
  return [
    { some: underway, others: [...whole, uploadProgress.arrived] },
    { some: [gate.retry], others: [alert.tryAgain], exactly: true },
    {
      some: [alerts['signed-out'].title],
      others: [states.uploading, gate.heading, uploadProgress.safe, sentences.uploading],
    },
    { some: [states.uploading], others: [uploadProgress.offline, gate.headingFailed] },
    { some: [alerts['take-lost'].title], others: [recovered.refused] },
    { some: [alerts['copy-failed'].text, alerts['copy-failed'].title], others: [gate.heading, gate.headingAll] },
    { some: [check.hints.slow], others: Object.values(check.quality) },
    { some: [states.failed, alert.tryAgain], others: [gate.heading, gate.headingAll] },
    {
      some: [states.requesting],
      others: [check.quality.measuring, sentences.notReady, alerts['storage-refused'].title],
    },
    { some: [sentences.ready], others: [check.silent, check.unheard, check.speak, sentences.notReady] },
  ];
}

/** The texts that the page shows, each element's own; and the names of its buttons. */
async function textsOf(page: Page): Promise<{ texts: string[]; buttons: string[] }> {
  return page.evaluate(() => {
    const texts: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { parentElement, textContent } = walker.currentNode;
      if (parentElement?.checkVisibility() && textContent?.trim()) texts.push(textContent.trim());
    }
    const controls = [...document.querySelectorAll<HTMLElement>('button, a.button')];
    return { texts, buttons: controls.filter((each) => each.checkVisibility()).map((each) => each.innerText.trim()) };
  });
}

for (const messages of [en, vi, th])
  test(`no screen says two things that can't both be true, nor names a button that is not there: ${messages.lang}`, async ({
    page,
  }) => {
    await page.goto(gallery.address(messages.lang));
    const found: Record<string, string[]> = {};
    const { alert, gate } = messages;
    for (const state of await page.evaluate(() => window.gallery.names)) {
      await page.evaluate((name) => window.gallery.show(name), state);
      const { texts, buttons } = await textsOf(page);
      const faults: string[] = [];
      for (const { some, others, exactly = false } of contradictions(messages)) {
        const shown = (words: string) => (exactly ? buttons.includes(words) : texts.includes(words));
        // A sentence may stand before another one.
        const begun = (words: string) => (exactly ? shown(words) : texts.some((text) => text.startsWith(words)));
        const [one, other] = [some.find(shown), others.find(begun)];
        if (one !== undefined && other !== undefined) faults.push(`"${one}" beside "${other}"`);
      }
      for (const name of [alert.tryAgain, gate.retry, alert.saveCopy])
        if (texts.some((text) => text.includes(`“${name}”`)) && !buttons.includes(name))
          faults.push(`“${name}” is no button here`);
      if (faults.length > 0) found[state] = faults;
    }
    expect(found).toEqual({});
  });

test('the pairs and the quotes are found where they are', async ({ page }) => {
  await page.goto(gallery.address('en'));
  await page.evaluate(() => window.gallery.show('finishing-failed'));
  const { texts, buttons } = await textsOf(page);
  expect(buttons).toContain(en.gate.retry);
  expect(texts).toContain(en.sentences.closingFailed);
  await page.evaluate(() => window.gallery.show('gate-failed'));
  expect((await textsOf(page)).texts).toEqual(expect.arrayContaining([en.states.failed, en.gate.headingFailed]));
});

test('no line breaks inside a Thai compound that browsers take for two words', async ({ page }) => {
  await page.goto(gallery.address('th'));
  const lines = (words: string) =>
    page.evaluate((text) => {
      const narrow = document.body.appendChild(document.createElement('p'));
      narrow.style.width = '0';
      narrow.textContent = text;
      const range = document.createRange();
      const tops = [...text].map((_, at) => {
        range.setStart(narrow.firstChild as Text, at);
        range.setEnd(narrow.firstChild as Text, at + 1);
        return range.getBoundingClientRect().top;
      });
      const found = new Map<number, string>();
      for (const [at, top] of tops.entries()) found.set(top, `${found.get(top) ?? ''}${text[at]}`);
      narrow.remove();
      return [...found.values()].map((line) => line.replaceAll('\u2060', ''));
    }, words);
  const words = th.gate.heading;
  expect(words.replaceAll('\u2060', '')).toBe('กำลังส่งคำตอบของคุณ');
  expect(await lines(words)).toContain('คำตอบ');
  expect(await lines(words.replaceAll('\u2060', '')), 'without the joiner').not.toContain('คำตอบ');
});

for (const colorScheme of ['light', 'dark'] as const)
  test(`whatever tells something has 3 : 1 against its ground (WCAG 1.4.11): ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto(gallery.address('en'));
    await page.evaluate(() => window.gallery.show('recording'));
    const weak = await page.evaluate(() => {
      const probe = document.body.appendChild(document.createElement('i'));
      const luminance = (name: string) => {
        probe.style.color = `var(--${name})`;
        const [r = 0, g = 0, b = 0] = (getComputedStyle(probe).color.match(/\d+/g) ?? [])
          .map((part) => Number(part) / 255)
          .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ratio = (a: string, b: string) => {
        const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
        return (light + 0.05) / (dark + 0.05);
      };
      const grounds = ['ground', 'card', 'tint', 'red-tint', 'amber-tint'];
      const signs = ['edge', 'accent', 'red', 'amber', 'green'];
      return signs
        .flatMap((sign) => grounds.map((ground) => ({ pair: `${sign} on ${ground}`, ratio: ratio(sign, ground) })))
        .filter((each) => !(each.ratio >= 3));
    });
    expect(weak).toEqual([]);
    // A step that is to come has the border of a control.
    const coming = page.locator('.step[data-progress="coming"]').first();
    const edge = await page.evaluate(() => {
      const probe = document.body.appendChild(document.createElement('i'));
      probe.style.color = 'var(--edge)';
      return getComputedStyle(probe).color;
    });
    await expect(coming).toHaveCSS('border-top-color', edge);
  });

test('in forced colours every step, the dot and the main button can be told apart', async ({ page }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await page.setViewportSize({ width: 360, height: 640 });
  await page.goto(gallery.address('en'));
  await page.evaluate(() => window.gallery.show('recording'));
  const looks = await page.evaluate(() => {
    const look = (selector: string, pseudo?: string) => {
      const element = document.querySelector(selector);
      if (element === null) throw new Error(`no ${selector}`);
      const { backgroundColor, borderTopColor, borderTopWidth, height } = getComputedStyle(element, pseudo);
      return { ground: backgroundColor, border: borderTopColor, width: borderTopWidth, height };
    };
    return {
      page: getComputedStyle(document.body).backgroundColor,
      steps: ['answered', 'current', 'coming'].map((name) => look(`.step[data-progress="${name}"]`)),
      dot: look('.status', '::before'),
      dock: look('.dock'),
      next: look('.dock .primary'),
    };
  });
  expect(new Set(looks.steps.map((each) => `${each.ground} ${each.height}`)).size, 'three kinds of step').toBe(3);
  for (const { border, width } of [...looks.steps, looks.dot]) {
    expect(border).not.toBe(looks.page);
    expect(Number.parseFloat(width)).toBeGreaterThan(0);
  }
  expect(looks.dock.ground, 'nothing shines through the dock').not.toMatch(/, 0\)$/);
  expect(looks.next.ground, 'the main button is filled').not.toBe(looks.page);
  await page.evaluate(() => window.gallery.show('recovered-review'));
  const [main, other] = await page.evaluate(() =>
    ['.dock .primary', '.dock .secondary'].map((selector) => {
      const found = [...document.querySelectorAll<HTMLElement>(selector)].find((each) => each.checkVisibility());
      return found === undefined ? '' : getComputedStyle(found).backgroundColor;
    }),
  );
  expect(main).not.toBe(other);
});
