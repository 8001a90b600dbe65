/** The countdown before a recording: the candidate looks up from the question, and knows when to speak. */
import { systemTimers, type Timers } from '../timers.ts';

const COUNT_SECONDS = 3;

/**
 * Counts down, one second after the other, and resolves once the last one is over. `onSecond` is told how many are left, from
 * 3 to 1, and says whether to go on: a countdown that something else has overtaken ends at its next second.
 */
export async function countDown(onSecond: (left: number) => boolean, timers: Timers = systemTimers): Promise<void> {
  for (let left = COUNT_SECONDS; left > 0 && onSecond(left); left--)
    await new Promise<void>((resolve) => timers.set(resolve, 1000));
}
