/** The words that a page begins with, where those in the wished language fail or are late. */
import { expect, test } from 'vitest';
import { en } from '../../../client/i18n/en.ts';
import { firstMessages, type Messages } from '../../../client/i18n/index.ts';
import { vi } from '../../../client/i18n/vi.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

/** A page whose words come when the test says so: `loads` are the loads that were begun, by language. */
function open(wished: string) {
  const timers = createManualTimers();
  const html = { lang: '' };
  const loads: Array<{ lang: string; come: (messages: Messages) => void; fail: () => void }> = [];
  const all = ['en', 'vi'].map((lang) => ({
    ...{ lang, languageName: lang },
    load: () =>
      new Promise<Messages>((come, reject) => loads.push({ lang, come, fail: () => reject(new Error('404')) })),
  }));
  const late: Messages[] = [];
  let first: Messages | null = null;
  void firstMessages('', [wished], (messages) => late.push(messages), { html, all, timers }).then((messages) => {
    first = messages;
  });
  return { timers, html, late, loads, first: () => first };
}

test('words that come in time are the only ones that are loaded', async () => {
  const { loads, first, html, timers } = open('vi');
  loads[0]?.come(vi);
  await settle();
  expect([first(), html.lang]).toEqual([vi, 'vi']);
  await timers.advance(60_000);
  expect(loads.map(({ lang }) => lang)).toEqual(['vi']);
});

test('words that are late: the page begins in English, and goes over to them when they come', async () => {
  const { loads, first, html, late, timers } = open('vi');
  await timers.advance(3999);
  expect(loads.map(({ lang }) => lang)).toEqual(['vi']);
  await timers.advance(1);
  loads[1]?.come(en);
  await settle();
  expect([first(), html.lang, late]).toEqual([en, 'en', []]);
  loads[0]?.come(vi);
  await settle();
  expect([html.lang, late]).toEqual(['vi', [vi]]);
});

test('words that come when the candidate has chosen others are not shown any more', async () => {
  const { loads, html, late, timers } = open('vi');
  await timers.advance(4000);
  loads[1]?.come(en);
  await settle();
  html.lang = 'th';
  loads[0]?.come(vi);
  await settle();
  expect([html.lang, late]).toEqual(['th', []]);
});

test('words that fail: English ones at once; English ones that fail are asked for once more', async () => {
  for (const lang of ['vi', 'en']) {
    const { loads, first } = open(lang);
    loads[0]?.fail();
    await settle();
    expect(loads.map((load) => load.lang)).toEqual([lang, 'en']);
    loads[1]?.come(en);
    await settle();
    expect(first()).toBe(en);
  }
});
