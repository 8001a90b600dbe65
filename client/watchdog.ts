import type { Timers } from './timers.ts';

/**
 * A request in which no byte moved for so long is given up. Shorter makes a slow but living connection slower
 * (field note 23).
 */
export const STALL_MS = 15_000;

/** Watches one request at a time. Between requests, while a source waits for data, nothing counts as a stall. */
export interface Watchdog {
  begin(): void;
  /** A byte moved. */
  moved(): void;
  end(): void;
  /** How long the request in flight has been silent, in ms; 0 where none is. */
  quietMs(): number;
}

export function createWatchdog({ timers, onStall }: { timers: Timers; onStall: () => void }): Watchdog {
  let timer: unknown = null;
  let movedAt: number | null = null;

  function end(): void {
    timers.clear(timer);
    movedAt = null;
  }
  function begin(): void {
    timers.clear(timer);
    movedAt = timers.now();
    timer = timers.set(onStall, STALL_MS);
  }
  return {
    begin,
    moved() {
      if (movedAt !== null) begin();
    },
    end,
    quietMs: () => (movedAt === null ? 0 : timers.now() - movedAt),
  };
}
