import { describe, expect, it } from 'vitest';
import { idealAnswer } from '../../../bench/gate/ideal.ts';

/** Opportunities at 10, 20, 30 … 100 ms, then none until 500 ms, and again: a period of 500 ms. */
const rate = { traceMs: [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 500] };
const still = { rate, startMs: 0, delayMs: 50 };

describe('the ideal sender', () => {
  it('sends a small answer at the next opportunity, and waits one round trip', () => {
    const portions = [{ atMs: 12, bytes: 1000 }];
    expect(idealAnswer({ ...still, portions, stopMs: 12 })).toEqual({ waitMs: 20 + 100 - 12, backlogBytes: 1000 });
  });

  it('uses an opportunity at the same moment at which the bytes exist', () => {
    expect(idealAnswer({ ...still, portions: [{ atMs: 40, bytes: 1500 }], stopMs: 40 }).waitMs).toBe(100);
  });

  it('fills opportunities of 1500 bytes, one after another', () => {
    // 4000 bytes: 1500 at 20, 1500 at 30, 1000 at 40 ms.
    const portions = [{ atMs: 15, bytes: 4000 }];
    expect(idealAnswer({ ...still, portions, stopMs: 15 }).waitMs).toBe(40 + 100 - 15);
  });

  it('lets a later portion use what an earlier one left free, but not before it exists', () => {
    // 1000 at 20 ms; the other 400 exist by then and fit beside them.
    const together = [
      { atMs: 15, bytes: 1000 },
      { atMs: 18, bytes: 400 },
    ];
    expect(idealAnswer({ ...still, portions: together, stopMs: 15 }).waitMs).toBe(20 + 100 - 15);
    const apart = [
      { atMs: 15, bytes: 1000 },
      { atMs: 21, bytes: 400 },
    ];
    expect(idealAnswer({ ...still, portions: apart, stopMs: 15 }).waitMs).toBe(30 + 100 - 15);
  });

  it('waits through a silence, and continues in the next period', () => {
    // 90 and 100 ms carry 3000; then 500, and 10 ms into the next lap.
    const portions = [{ atMs: 85, bytes: 6000 }];
    expect(idealAnswer({ ...still, portions, stopMs: 100 }).waitMs).toBe(510 + 100 - 100);
  });

  it('queues behind its own earlier bytes only', () => {
    const portions = [
      { atMs: 0, bytes: 15_000 }, // 10 to 100 ms, to the last byte
      { atMs: 60, bytes: 100 }, // 500 ms
    ];
    expect(idealAnswer({ ...still, portions, stopMs: 60 })).toEqual({
      waitMs: 500 + 100 - 60,
      backlogBytes: 4 * 1500 + 100, // those of 70, 80, 90 and 100 ms, and the rest
    });
  });

  it('begins where the link began in the trace', () => {
    // The link began at 95 ms: its opportunities are 5 ms (100) and 405 ms (500) later.
    const portions = [{ atMs: 0, bytes: 3000 }];
    expect(idealAnswer({ ...still, startMs: 95, portions, stopMs: 0 }).waitMs).toBe(405 + 100);
  });

  it('finds its position long after the beginning', () => {
    const portions = [{ atMs: 1_000_085, bytes: 1500 }];
    expect(idealAnswer({ ...still, portions, stopMs: 1_000_085 }).waitMs).toBe(90 + 100 - 85);
  });

  it('counts as backlog what existed at the stop and left after it, not what the recorder handed over later', () => {
    const portions = [
      { atMs: 15, bytes: 1500 }, // leaves at 20
      { atMs: 28, bytes: 3000 }, // leaves at 30 and 40
      { atMs: 33, bytes: 700 }, // after the stop; leaves at 50
    ];
    expect(idealAnswer({ ...still, portions, stopMs: 32 })).toEqual({ waitMs: 50 + 100 - 32, backlogBytes: 1500 });
  });

  it('never has a wait below 0', () => {
    expect(idealAnswer({ ...still, portions: [{ atMs: 0, bytes: 10 }], stopMs: 400 }).waitMs).toBe(0);
    expect(idealAnswer({ ...still, portions: [], stopMs: 400 })).toEqual({ waitMs: 100, backlogBytes: 0 });
  });

  it('takes constant rates too', () => {
    // 1200 kbit/s: an opportunity each 10 ms, the first at 10 ms.
    const portions = [{ atMs: 1, bytes: 3000 }];
    expect(idealAnswer({ rate: { kbit: 1200 }, startMs: 0, delayMs: 5, portions, stopMs: 1 }).waitMs).toBe(20 + 10 - 1);
  });
});
