import { expect, test } from 'vitest';
import { createTakeWarnings } from '../../../client/interview/take-warnings.ts';

function open() {
  const clock = { ms: 0 };
  const said: string[] = [];
  const warnings = createTakeWarnings({
    watchDevices: () => ({
      state: () => ({ muted: false, hidden: false, wasHiddenMs: 0, wasMutedMs: 0 }),
      close() {},
    }),
    mention: ({ code }) => said.push(code),
    withdraw: (code) => said.push(`no ${code}`),
    now: () => clock.ms,
  });
  warnings.begin({} as MediaStream);
  said.splice(0);
  return { clock, said, warnings };
}

test('a picture that stands still is told while it does, and leaves a hole after 5 s', () => {
  const { clock, said, warnings } = open();
  clock.ms = 10_000;
  warnings.trouble('still');
  clock.ms = 10_500;
  warnings.trouble('moving');
  expect([said, warnings.hasHole()]).toEqual([['picture-still', 'no picture-still'], false]);
  clock.ms = 20_000;
  warnings.trouble('still');
  clock.ms = 21_000;
  expect(warnings.hasHole(), 'both together').toBe(true);
  warnings.begin({} as MediaStream);
  expect(warnings.hasHole(), 'another take').toBe(false);
});

test('a recorder that falls silent is told at once', () => {
  const { said, warnings } = open();
  warnings.trouble('silent');
  expect(said).toEqual(['recording-silent']);
});
