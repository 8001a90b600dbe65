import type { Timers } from '../timers.ts';

/**
 * A request in which no byte moved for this time is given up. A shorter limit makes a slow but living connection slower
 * (platform note 17).
 */
export const STALL_MS = 15_000;

/** Watches one request at a time. Between requests, while a source waits for data, nothing counts as a stall. */
export interface Watchdog {
  /** A request is sent. */
  begin(): void;
  /** Records progress that happened at most `agoMs` ago. */
  moved(agoMs?: number): void;
  /** The request ended. */
  end(): void;
  /** For how many ms the request in flight has moved no byte; 0 between requests. */
  quietMs(): number;
}

/** Creates a watchdog; `onStall` is called once a request has moved no byte for `STALL_MS`. */
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
