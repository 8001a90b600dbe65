import type { Timers } from './timers.ts';

/**
 * A request in which no byte moved for so long is given up. Shorter makes a slow but living connection slower
 * (field note 23).
 */
export const STALL_MS = 15_000;

/** Watches one request at a time. Between requests, while a source waits for data, nothing counts as a stall. */
export interface Watchdog {
  begin(): void;
  /** A byte moved, not longer than so many ms ago. */
  moved(agoMs?: number): void;
  end(): void;
  /** How long the request in flight has been silent, in ms; 0 where none is. */
  quietMs(): number;
}

export function createWatchdog({ timers, onStall }: { timers: Timers; onStall: () => void }): Watchdog {
  let timer: unknown = null;
  let movedAt: number | null = null;

  function watch(since: number): void {
    timers.clear(timer);
    movedAt = since;
    timer = timers.set(onStall, Math.max(0, since + STALL_MS - timers.now()));
  }
  return {
    begin: () => watch(timers.now()),
    moved(agoMs = 0) {
      if (movedAt !== null) watch(Math.max(movedAt, timers.now() - agoMs));
    },
    end() {
      timers.clear(timer);
      movedAt = null;
    },
    quietMs: () => (movedAt === null ? 0 : timers.now() - movedAt),
  };
}
