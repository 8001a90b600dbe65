/**
 * A candidate's page without a browser: it records slices into the device's spool, and uploads them by the engine. It
 * can die.
 */
import type { Timers } from '../../../client/timers.ts';
import type { UploadEvent } from '../../../client/upload/events.ts';
import { createUploadQueue, type UploadQueue } from '../../../client/upload/upload-queue.ts';
import type { Chance } from '../../support/chance.ts';
import type { Device, Life } from './device.ts';

/** The time slice of the recorder, in ms of the phone's clock. */
const SLICE_MS = 500;
/** The first bytes of EBML, by which the server recognises a recording. */
const EBML = Buffer.from([0x1a, 0x45, 0xdf, 0xa3]);

/** A clock that runs `speed` times as fast as real time. */
export function createFastTimers(speed: number): Timers {
  return {
    now: () => performance.now() * speed,
    set: (run, ms) => setTimeout(run, Math.min(ms / speed, 2 ** 31 - 1)),
    clear: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
  };
}

/** Options of `createPhone`. */
export interface PhoneOptions {
  device: Device;
  folder: string;
  endpoint: string;
  token: string;
  chance: Chance;
  timers: Timers;
}

/** A candidate's page. */
export interface Phone {
  /** Final refusals that were emitted, as code and detail; 401 is not final. */
  readonly refusals: string[];
  readonly deaths: number;
  /**
   * Records a take of `slices` slices, unless the page dies or the device is full. `onStop` is called just before its
   * end.
   */
  record(question: number, slices: number, onStop: () => void): Promise<void>;
  /** The page ends abruptly, and opens again after `forMs`. */
  die(forMs: number): Promise<void>;
  /** The candidate presses "Retry". */
  retry(): void;
  /** Whether the engine has no unsent take. */
  done(): boolean;
  /** Bytes of each take that the server has acknowledged to this page. */
  acknowledged(): number[];
  /** The state of unsent takes, for a failure's message. */
  describe(): string;
  close(): void;
}

/** Opens the page. */
export function createPhone({ device, folder, endpoint, token, chance, timers }: PhoneOptions): Phone {
  const refusals: string[] = [];
  let deaths = 0;
  let takes = 0;
  let life: Life;
  let queue: UploadQueue;
  let opening: Promise<void> = Promise.resolve();
  let dying: Promise<void> = Promise.resolve();

  const pause = (ms: number) => new Promise<void>((resolve) => timers.set(resolve, ms));

  function open(): void {
    life = device.live();
    queue = createUploadQueue({
      ...{ spool: life.spool, folder, endpoint, timers },
      token: () => token,
      onEvent: (event: UploadEvent) => {
        if (event.type === 'refused' && event.final) refusals.push(`${event.code}: ${event.detail}`);
      },
    });
    const to = queue;
    opening = to.recover().then(() => {});
  }

  /** Repeats `work` until it succeeds or the page is dead. */
  async function insist(mine: Life, work: () => Promise<unknown>): Promise<void> {
    while (mine === life) {
      try {
        await work();
        return;
      } catch {
        await pause(200);
      }
    }
  }

  /** Runs `work` in this life of the page; false where the life ended first. */
  async function inLife(mine: Life, work: Promise<unknown>): Promise<boolean> {
    let over = false;
    await Promise.race([work, until(() => mine !== life).then(() => (over = true))]);
    return !over && mine === life;
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  open();
  return {
    refusals,
    get deaths() {
      return deaths;
    },
    async record(question, slices, onStop) {
      const mine = life;
      if (!(await inLife(mine, opening))) return onStop();
      const to = queue;
      const takeId = chance.uuid();
      const startedAt = new Date(Date.UTC(2026, 0, 1) + ++takes * 60_000).toISOString();
      const begun = insist(mine, () => to.create({ takeId, question, mimeType: 'video/webm', startedAt }));
      if (!(await inLife(mine, begun))) return onStop();
      let whole = 0;
      for (let slice = 0; slice < slices; slice++) {
        await pause(SLICE_MS);
        if (mine !== life) return onStop();
        const data = chance.bytes(chance.int(4_000, 40_000));
        if (slice === 0) EBML.copy(data);
        // As in the page, a chunk that cannot be stored ends the take.
        const kept = await Promise.race([
          to.append(takeId, new Uint8Array(data).buffer, (slice + 1) * SLICE_MS).then(
            () => true,
            () => false,
          ),
          until(() => mine !== life).then(() => false),
        ]);
        if (!kept) break;
        whole += 1;
      }
      onStop();
      if (mine !== life) return;
      // As in the page, a take without a chunk is dropped.
      if (whole > 0) to.enterGate(takeId);
      const ending = () => (whole > 0 ? to.end(takeId) : to.drop(takeId));
      await inLife(mine, insist(mine, ending));
    },
    die(forMs) {
      // A dead page cannot die: a second death waits until the page is open again, so that two pages never run side by
      // side.
      dying = dying.then(async () => {
        life.end();
        queue.close();
        deaths += 1;
        life = device.live();
        await pause(forMs);
        open();
      });
      return dying;
    },
    retry: () => queue.retryNow(),
    done: () => queue.unsent().length === 0,
    acknowledged: () => queue.status().takes.map(({ ackedBytes }) => ackedBytes),
    describe: () => JSON.stringify(queue.status().takes.filter(({ gate }) => gate.kind !== 'open')),
    close() {
      life.end();
      queue.close();
    },
  };
}
