/** A nervous person at the candidate's page: presses, keys, swipes, turns, "back", reloads; and a calm person who then finishes. */
import type { BrowserContext, CDPSession, Page } from '@playwright/test';
import { en } from '../../client/i18n/en.ts';
import type { Messages } from '../../client/i18n/index.ts';
import { th } from '../../client/i18n/th.ts';
import { vi } from '../../client/i18n/vi.ts';
import type { Chance } from '../support/chance.ts';
import { expect } from './fixtures.ts';

/** A phone of the smallest size that is still sold. */
export const SMALL_PHONE = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true } as const;
/** A page that offers nothing for this long is a dead end, in ms; a wait is over in a moment, but many interviews run at once. */
const PATIENCE_MS = 60_000;
/** Screens that wait for something, and go on by themselves. All others always offer something that leads on. */
const WAITS: ReadonlySet<string> = new Set([
  'log-in',
  'loading',
  'consent',
  'checking',
  'practice',
  'requesting',
  'counting',
  'gate',
  'finishing',
  'finished',
]);
/** Of these the ones that an alert stops: it must come with a way out. */
const STOPPED: ReadonlySet<string> = new Set(['loading', 'checking', 'requesting']);

/** What leads on, in the order in which a calm person presses it. "Next question" comes after more than 3 s of recording. */
const ONWARD: ReadonlyArray<(messages: Messages) => string> = [
  ({ question }) => question.short.goOn,
  ({ practice }) => practice.back,
  ({ practice }) => practice.stop,
  ({ check }) => check.startAllTheSame,
  ({ check }) => check.start,
  ({ recovered }) => recovered.keep,
  ({ thinking }) => thinking.answerNow,
  ({ paused }) => paused.resume,
  ({ consent }) => consent.go,
  ({ question }) => question.next,
  ({ question }) => question.finish,
  ({ alert }) => alert.tryAgain,
  ({ gate }) => gate.retry,
  ({ recovered }) => recovered.again,
  ({ another }) => another.answerHere,
  ({ another }) => another.here,
  ({ alert }) => alert.logInAgain,
  ({ login }) => login.goOn,
  ({ login }) => login.logIn,
];
/** Buttons that do not lead on. */
const OTHERS: ReadonlyArray<(messages: Messages) => string> = [
  ({ question }) => question.short.finish,
  ({ question }) => question.pause,
  ({ practice }) => practice.open,
  ({ practice }) => practice.again,
  ({ check }) => check.speakFirst,
  ({ check }) => check.hidePicture,
  ({ check }) => check.showPicture,
  ({ check }) => check.howItWorks,
  ({ check }) => check.tipsTitle,
  ({ consent }) => consent.agree,
  ({ voice }) => voice.choose,
  ({ voice }) => voice.camera,
  ({ another }) => another.offer,
  ({ another }) => another.copy,
  ({ receipt }) => receipt.heading,
  ({ receipt }) => receipt.save,
  ({ receipt }) => receipt.full,
  ({ login }) => login.changeToken,
  ({ alert }) => alert.saveCopy,
  ({ recovered }) => recovered.againLeft(1),
  ({ recovered }) => recovered.againLeft(2),
];
const englishOf = new Map(
  [...ONWARD, ...OTHERS].flatMap((word) => [en, vi, th].map((messages) => [word(messages), word(en)] as const)),
);
const leadsOn: ReadonlySet<string> = new Set(ONWARD.map((word) => word(en)));

/** The English words of a button in any language. */
export const nameOf = (text: string): string => englishOf.get(text) ?? text;

/** Something to press. */
interface Target {
  /** In English. */
  name: string;
  /** The middle. */
  x: number;
  y: number;
  takesPress: boolean;
  /** It takes a press now, or in a moment: a button that has just changed rests. */
  willTakePress: boolean;
}

/** What a page shows; null where it is just being loaded. */
interface Shown {
  screen: string;
  /** How far the page can be scrolled sideways, in px. */
  sideways: number;
  /** The page waits for nothing: it must offer something that leads on. */
  stands: boolean;
  targets: Target[];
}

async function look(page: Page): Promise<Shown | null> {
  const shown = await page
    .evaluate(() => {
      const app = document.getElementById('app');
      const targets = document.querySelectorAll<HTMLElement>(
        'button, a.button, summary, label.tick, .stage-player, select',
      );
      const { scrollWidth, clientWidth } = document.documentElement;
      return {
        screen: app?.dataset.screen ?? (document.querySelector('form') ? 'log-in' : ''),
        sideways: scrollWidth - clientWidth,
        alert: document.querySelector('.notice:not([hidden])') !== null,
        failed: document.querySelector(':is(.gate, .ending)[data-gate="failed"]:not([hidden])') !== null,
        targets: [...targets]
          .filter((each) => each.checkVisibility())
          .map((each) => {
            const { x, y, width, height } = each.getBoundingClientRect();
            const takesPress = !each.matches(':disabled, [aria-disabled="true"]');
            const willTakePress = !each.matches(':disabled');
            const name = each instanceof HTMLSelectElement ? `the list ${each.id}` : (each.textContent?.trim() ?? '');
            return { name, x: x + width / 2, y: y + height / 2, takesPress, willTakePress };
          }),
      };
    })
    // The page is going, or has just come.
    .catch(() => null);
  if (shown === null || shown.screen === '') return null;
  const { screen, alert, failed, sideways } = shown;
  const stands = !WAITS.has(screen) || (alert && STOPPED.has(screen)) || failed;
  return { screen, sideways, stands, targets: shown.targets.map((each) => ({ ...each, name: nameOf(each.name) })) };
}

/** What a person at the page needs. */
export interface Sight {
  page: Page;
  context: BrowserContext;
  /** The candidate's link, and the name to type. */
  link: string;
  name: string;
  chance: Chance;
  /** What was done so far, for a failure's message. */
  did: string[];
}

/** Looks at a page again and again, and fails where it can be scrolled sideways, or does not offer what leads on. */
function createWatch({ page }: Pick<Sight, 'page'>) {
  let offeredAt = Date.now();
  let before = '';
  return async (): Promise<(Shown & { onward: string | null; ended: boolean }) | null> => {
    const shown = await look(page);
    const onward = shown?.targets.filter(({ name, takesPress }) => takesPress && leadsOn.has(name)) ?? [];
    const ended = shown?.screen === 'finished';
    if (onward.length > 0 || ended || (shown && shown.screen !== before)) offeredAt = Date.now();
    before = shown?.screen ?? '';
    expect(Date.now() - offeredAt, `ms without anything to do at "${before}"`).toBeLessThan(PATIENCE_MS);
    if (shown === null) return null;
    expect(shown.sideways, `px to scroll sideways at "${before}"`).toBeLessThanOrEqual(0);
    if (shown.stands)
      expect(
        shown.targets.filter(({ name, willTakePress }) => willTakePress && leadsOn.has(name)),
        `what leads on at "${before}"`,
      ).not.toEqual([]);
    const first = ONWARD.map((word) => word(en)).find((word) => onward.some(({ name }) => name === word));
    return { ...shown, onward: first ?? null, ended };
  };
}

const isAtInterview = (page: Page) => new URL(page.url()).pathname === '/interview';

/** What a nervous person does, and how often. */
const ACTS = {
  ...{ button: 9, twice: 5, spot: 2, key: 4, tabs: 2, swipe: 1, hold: 0.7, wait: 2 },
  ...{ language: 0.7, turn: 1, zoom: 0.8, back: 0.35, reload: 0.35, offline: 0.3 },
} as const;

/** Does one thing. Returns what it was. */
async function fidget({ page, context, chance }: Sight, screen: CDPSession, shown: Shown): Promise<string> {
  const size = page.viewportSize() ?? SMALL_PHONE.viewport;
  const tap = async (x: number, y: number) => page.touchscreen.tap(Math.max(0, x), Math.max(0, y));
  const spot = () => ({ x: chance.int(0, size.width - 1), y: chance.int(0, size.height - 1) });
  const inView = shown.targets.filter(({ x, y }) => x > 0 && y > 0 && x < size.width && y < size.height);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', at?: { x: number; y: number }) =>
    screen.send('Input.dispatchTouchEvent', { type, touchPoints: at ? [at] : [] });
  const what = chance.weighted(ACTS);
  switch (what) {
    case 'button':
    case 'twice': {
      if (inView.length === 0) return `${what}: none`;
      const { x, y, name } = chance.pick(inView);
      await tap(x, y);
      if (what === 'twice') {
        await page.waitForTimeout(chance.int(60, 1500));
        await tap(x, y);
      }
      return `${what}: ${name}`;
    }
    case 'spot': {
      const { x, y } = spot();
      await tap(x, y);
      return what;
    }
    case 'key': {
      const key = chance.pick(['Tab', 'Tab', 'Tab', 'Enter', 'Space', 'Escape']);
      await page.keyboard.press(key);
      return key;
    }
    case 'tabs': {
      const tabs = chance.int(1, 6);
      for (let at = 0; at < tabs; at++) await page.keyboard.press('Tab');
      await page.keyboard.press(chance.pick(['Enter', 'Space']));
      return `${tabs} tabs and a press`;
    }
    case 'swipe': {
      const [from, to] = [spot(), spot()];
      await touch('touchStart', from);
      for (let at = 1; at <= 4; at++)
        await touch('touchMove', { x: from.x + ((to.x - from.x) * at) / 4, y: from.y + ((to.y - from.y) * at) / 4 });
      await touch('touchEnd');
      return what;
    }
    case 'hold': {
      await touch('touchStart', inView.length > 0 ? chance.pick(inView) : spot());
      await page.waitForTimeout(chance.int(500, 1500));
      await touch('touchEnd');
      return what;
    }
    case 'language': {
      const select = page.locator('select.language');
      if (!(await select.isVisible())) return `${what}: none`;
      const lang = chance.pick(['en', 'vi', 'th']);
      await select.selectOption(lang, { timeout: 2000 }).catch(() => {});
      return `${what}: ${lang}`;
    }
    case 'turn':
      await page.setViewportSize({ width: size.height, height: size.width });
      return what;
    case 'zoom':
      await screen.send('Emulation.setPageScaleFactor', { pageScaleFactor: chance.pick([1, 1, 2, 3]) });
      return what;
    case 'back': {
      const there = isAtInterview(page) ? page.goBack({ timeout: 5000 }) : page.goForward({ timeout: 5000 });
      await there.catch(() => {});
      return what;
    }
    case 'reload':
      await page.reload({ timeout: 5000 }).catch(() => {});
      return what;
    case 'offline':
      await context.setOffline(true);
      await page.waitForTimeout(chance.int(300, 3000));
      await context.setOffline(false);
      return what;
    case 'wait':
      await page.waitForTimeout(chance.int(500, 4000));
      return what;
  }
}

/** Opens the link once more, where a "back" or a page without a connection has left the candidate with nothing. */
async function openLink({ page, link }: Sight): Promise<void> {
  await page.goto('about:blank').catch(() => {});
  await page.goto(link, { timeout: 10_000 }).catch(() => {});
}

/** Fidgets for so many ms, or until a little after the end of the interview. */
export async function beNervous(sight: Sight, forMs: number): Promise<void> {
  const { page, chance, did } = sight;
  const screen = await sight.context.newCDPSession(page);
  const watch = createWatch(sight);
  const until = Date.now() + forMs;
  let left = 8;
  while (Date.now() < until && left > 0) {
    const shown = await watch();
    if (shown?.ended) left -= 1;
    if (shown) did.push(`${shown.screen}/${await fidget(sight, screen, shown)}`);
    else if (!page.url().startsWith('http') || (await page.locator('main').count()) === 0) await openLink(sight);
    await page.waitForTimeout(chance.int(50, 900));
  }
  await watch();
  await screen.send('Emulation.setPageScaleFactor', { pageScaleFactor: 1 });
  await screen.detach();
}

/** A calm person takes over, and must reach the end. */
export async function finishCalmly(sight: Sight): Promise<void> {
  const { page, did } = sight;
  did.push('calm');
  await page.setViewportSize(SMALL_PHONE.viewport);
  const watch = createWatch(sight);
  for (let presses = 0; presses < 60; ) {
    const shown = await watch();
    if (shown?.ended) return;
    if (!shown || shown.onward === null) {
      await page.waitForTimeout(250);
      if (!shown && (await page.locator('main').count()) === 0) await openLink(sight);
      continue;
    }
    presses += 1;
    const { onward } = shown;
    did.push(onward);
    if (shown.screen === 'log-in') {
      // The fields may hold what was typed at random.
      if (onward === en.login.logIn) await logInAnew(sight);
      else
        await page
          .locator('#go-on')
          .click({ timeout: 5000 })
          .catch(() => {});
      continue;
    }
    if (shown.screen === 'consent')
      await page
        .locator('#consent')
        .setChecked(true, { timeout: 5000 })
        .catch(() => {});
    if (onward === en.question.next || onward === en.question.finish) await page.waitForTimeout(3000);
    const words = [en, vi, th].flatMap((messages) => ONWARD.map((word) => word(messages)));
    const same = words.filter((word) => nameOf(word) === onward);
    const exactly = new RegExp(`^(${same.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})$`);
    // The page may have gone on meanwhile, or its button has been given another meaning.
    await page
      .getByRole('button', { name: exactly })
      .first()
      .click({ timeout: 5000 })
      .catch(() => {});
  }
  throw new Error('the end is not reached');
}

async function logInAnew({ page, link, name }: Sight): Promise<void> {
  await page.goto('about:blank').catch(() => {});
  await page.goto(link);
  await page.locator('#name').fill(name);
  await page.locator('#submit').click();
  await page.waitForURL('**/interview', { timeout: 15_000 }).catch(() => {});
}

/** Opens the link and types the name. */
export async function arrive({ page, link, name }: Sight): Promise<void> {
  await page.goto(link);
  await page.locator('#name').fill(name);
}
