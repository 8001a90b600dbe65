import { expect, test } from 'vitest';
import { createPressure, type Look, MAX_PAUSE_MS } from '../../../server/jobs/pressure.ts';

const late: Look = { lateMs: 80, idleMs: 100 };
const calm: Look = { lateMs: 5, idleMs: 100 };
const noRecordings: Look = { lateMs: 80, idleMs: 60_000 };

const each = (looks: Look[]) => {
  const isBusy = createPressure({ everyMs: 1_000 });
  return looks.map(isBusy);
};
const times = (count: number, look: Look): Look[] => Array.from({ length: count }, () => look);

test('late timers while somebody records are a pause; without recordings they are nobody’s trouble', () => {
  expect(each([calm, late])).toEqual([false, true]);
  expect(each(times(5, noRecordings))).not.toContain(true);
});

test('it is over after three calm seconds in a row, or with the last recording', () => {
  expect(each([late, calm, calm, late, calm, calm, calm])).toEqual([true, true, true, true, true, true, false]);
  expect(each([late, noRecordings])).toEqual([true, false]);
});

test('a machine that is always short works on its jobs between pauses', () => {
  const looks = each(times(600, late));
  const seconds = MAX_PAUSE_MS / 1_000;
  expect(looks.slice(0, seconds)).not.toContain(false);
  const share = looks.filter((busy) => !busy).length / looks.length;
  expect(share).toBeGreaterThan(0.15);
  expect(share).toBeLessThan(0.4);
});
