import { expect, test } from 'vitest';
import { watchDarkness } from '../../../client/capture/darkness.ts';
import { createManualTimers } from '../../support/manual-timers.ts';

function open() {
  const timers = createManualTimers();
  const said: boolean[] = [];
  let mean: number | null = 120;
  const stop = watchDarkness({ brightness: () => mean, onChange: (dark) => said.push(dark), timers });
  const show = async (brightness: number | null, seconds: number) => {
    mean = brightness;
    await timers.advance(seconds * 1000);
  };
  return { timers, said, stop, show };
}

test('a picture is dark after three seconds, and light again only where it is clearly lighter', async () => {
  const { said, show } = open();
  await show(120, 5);
  await show(30, 2);
  expect(said, 'a hand before the camera').toEqual([]);
  await show(30, 1);
  expect(said).toEqual([true]);
  await show(50, 10);
  expect(said, 'between the bounds nothing changes').toEqual([true]);
  await show(70, 3);
  expect(said).toEqual([true, false]);
  await show(50, 10);
  expect(said).toEqual([true, false]);
});

test('a camera that opens, or shows nothing, is not dark; a watch that has ended says nothing', async () => {
  const { timers, said, stop, show } = open();
  await show(0, 2);
  await show(100, 1);
  await show(null, 10);
  expect(said).toEqual([]);
  stop();
  await show(0, 10);
  expect([said, timers.pending()]).toEqual([[], 0]);
});
