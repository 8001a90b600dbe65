/** A candidate's page without a page: records slices into the device's spool, and sends them by the engine. It can die. */
import { createSender, type Sender } from '../../../client/sender.ts';
import type { Timers } from '../../../client/timers.ts';
import type { UploadEvent } from '../../../client/upload-events.ts';
import type { Chance } from '../../support/chance.ts';
import { createNodeStack } from '../../support/node-stack.ts';
import type { Device, Life } from './device.ts';

/** What MediaRecorder is asked for, in ms of the phone's clock. */
const SLICE_MS = 500;
/** The magic of EBML: the server takes nothing else for a recording. */
const EBML = Buffer.from([0x1a, 0x45, 0xdf, 0xa3]);

/** A clock that runs `speed` times as fast: 15 s of patience are over in 3. */
export function createFastTimers(speed: number): Timers {
  return {
    now: () => performance.now() * speed,
    set: (run, ms) => setTimeout(run, Math.min(ms / speed, 2 ** 31 - 1)),
    clear: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
  };
}

export interface PhoneOptions {
  device: Device;
  folder: string;
  endpoint: string;
  token: string;
  chance: Chance;
  timers: Timers;
}

export interface Phone {
  /** Final refusals that the page was told of, by code; 401s are no such. */
  readonly refusals: string[];
  readonly deaths: number;
  /** Records an answer of so many slices, unless it dies or the device is full on the way. `onStop` comes just before its end. */
  record(question: number, slices: number, onStop: () => void): Promise<void>;
  /** The page ends without a word, and opens again after so many ms. */
  die(forMs: number): Promise<void>;
  /** The candidate presses "Retry". */
  retry(): void;
  /** Whether the server has confirmed everything, as far as the engine knows. */
  done(): boolean;
  /** For a failure's message. */
  describe(): string;
  close(): void;
}

export function createPhone({ device, folder, endpoint, token, chance, timers }: PhoneOptions): Phone {
  const refusals: string[] = [];
  let deaths = 0;
  let takes = 0;
  let life: Life;
  let sender: Sender;
  let opening: Promise<void> = Promise.resolve();
  let dying: Promise<void> = Promise.resolve();

  const pause = (ms: number) => new Promise<void>((resolve) => timers.set(resolve, ms));

  function open(): void {
    life = device.live();
    sender = createSender({
      ...{ spool: life.spool, folder, endpoint, timers },
      token: () => token,
      httpStack: createNodeStack(),
      onEvent: (event: UploadEvent) => {
        if (event.type === 'refused' && event.final) refusals.push(`${event.code}: ${event.detail}`);
      },
    });
    const to = sender;
    opening = to.recover().then(() => {});
  }

  /** The page asks again until the device takes it, or the page is dead. */
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

  /** Runs `work` in this life; false once that is over. */
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
      const to = sender;
      const takeId = chance.uuid();
      const startedAt = new Date(Date.UTC(2026, 0, 1) + ++takes * 60_000).toISOString();
      const begun = insist(mine, () => to.begin({ takeId, question, mimeType: 'video/webm', startedAt }));
      if (!(await inLife(mine, begun))) return onStop();
      let whole = 0;
      for (let slice = 0; slice < slices; slice++) {
        await pause(SLICE_MS);
        if (mine !== life) return onStop();
        const data = chance.bytes(chance.int(4_000, 40_000));
        if (slice === 0) EBML.copy(data);
        // As in the page: a chunk that can't be kept ends the take.
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
      // As in the page, too: where nothing was kept, there is no take.
      if (whole > 0) to.enterGate(takeId);
      const ending = () => (whole > 0 ? to.end(takeId) : to.drop(takeId));
      await inLife(mine, insist(mine, ending));
    },
    die(forMs) {
      // A page that is gone can't die: the second death waits for its return, and two pages never live side by side.
      dying = dying.then(async () => {
        life.end();
        sender.close();
        deaths += 1;
        life = device.live();
        await pause(forMs);
        open();
      });
      return dying;
    },
    retry: () => sender.retryNow(),
    done: () => sender.unsent().length === 0,
    describe: () => JSON.stringify(sender.status().takes.filter(({ gate }) => gate.kind !== 'open')),
    close() {
      life.end();
      sender.close();
    },
  };
}
