import { expect, test } from 'vitest';
import { createPressure, type LoadSample, MAX_PAUSE_MS } from '../../../server/jobs/pressure.ts';

const late: LoadSample = { lateMs: 80, idleMs: 100 };
const calm: LoadSample = { lateMs: 5, idleMs: 100 };
const noRecordings: LoadSample = { lateMs: 80, idleMs: 60_000 };

const each = (looks: LoadSample[]) => {
  const isBusy = createPressure({ everyMs: 1_000 });
  return looks.map(isBusy);
};
const times = (count: number, look: LoadSample): LoadSample[] => Array.from({ length: count }, () => look);

test('jobs pause while timers are late and a candidate records, and never without a recording', () => {
  expect(each([calm, late])).toEqual([false, true]);
  expect(each(times(5, noRecordings))).not.toContain(true);
});

test('a pause ends after three calm seconds in a row, or with the last recording', () => {
  expect(each([late, calm, calm, late, calm, calm, calm])).toEqual([true, true, true, true, true, true, false]);
  expect(each([late, noRecordings])).toEqual([true, false]);
});

test('a machine that is always short of CPU runs its jobs between pauses', () => {
  const looks = each(times(600, late));
  const seconds = MAX_PAUSE_MS / 1_000;
  expect(looks.slice(0, seconds)).not.toContain(false);
  const share = looks.filter((busy) => !busy).length / looks.length;
  expect(share).toBeGreaterThan(0.15);
  expect(share).toBeLessThan(0.4);
});
