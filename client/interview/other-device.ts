/**
 * The candidate's other device: the link that takes the session there, and whether it has gone there. A page learns that by
 * asking the server, since the devices do not know of each other.
 */
import { systemTimers, type Timers, within } from '../timers.ts';
import type { Session } from './session.ts';
import type { SessionQueue } from './session-queue.ts';
import type { Store } from './store.ts';

/** How often the server is asked while the other device matters, in ms. */
const PERIOD_MS = 4000;
/** How long an answer of the server is waited for before the interview goes on without it, in ms … */
const PATIENCE_MS = 3000;
/** … and where the candidate was shown the link: a question must not be recorded on both devices. */
const EXPECTED_PATIENCE_MS = 10_000;

interface OtherDeviceOptions {
  store: Pick<Store, 'get' | 'subscribe'>;
  session: Pick<Session, 'token' | 'lookUp'>;
  queue: Pick<SessionQueue, 'unsent'>;
  /** The address of the log-in in the page's language. */
  loginAddress: () => string;
  /** The server has been asked: what it said of the takes and devices is in the state. */
  onLooked: (session: Awaited<ReturnType<Session['lookUp']>>) => void;
  timers?: Timers;
}

/** What the page knows and does of the candidate's other device. */
export interface OtherDevice {
  /**
   * The link that continues the session on another device, with the questions whose answer this one still holds. From now on
   * the server is asked every few seconds whether the candidate has logged in there.
   */
  link(): string;
  /** Whether the link was on the screen. */
  isExpected(): boolean;
  /** Asks the server once. Resolves soon, with or without a response; never rejects. */
  look(): Promise<void>;
}

/** Creates what the page knows of the candidate's other device. */
export function createOtherDevice({
  store,
  session,
  queue,
  loginAddress,
  onLooked,
  timers = systemTimers,
}: OtherDeviceOptions): OtherDevice {
  let expected = false;
  let waits = false;
  let asking: Promise<void> | null = null;

  function ask(): Promise<void> {
    asking ??= session
      .lookUp()
      .then(onLooked)
      .finally(() => {
        asking = null;
      });
    return asking;
  }

  function matters(): boolean {
    const { name } = store.get().phase;
    return name === 'elsewhere' || name === 'awaiting' || (expected && name !== 'recording' && name !== 'finished');
  }

  function keepLooking(): void {
    if (waits || !matters()) return;
    waits = true;
    timers.set(() => {
      void (matters() ? ask() : Promise.resolve()).finally(() => {
        waits = false;
        keepLooking();
      });
    }, PERIOD_MS);
  }

  store.subscribe(keepLooking);
  return {
    link() {
      expected = true;
      keepLooking();
      const { held, answered } = store.get();
      const here = queue.unsent().filter(({ refused }) => !refused);
      const questions = new Set([...held, ...here.map(({ question }) => question)]);
      const waiting = [...questions].filter((question) => !answered.includes(question)).sort((a, b) => a - b);
      const rest = waiting.length > 0 ? `&held=${waiting.join()}` : '';
      return `${loginAddress()}#t=${encodeURIComponent(session.token())}${rest}`;
    },
    isExpected: () => expected,
    look() {
      // What is being asked already may have been sent into a dead network, before the last answer arrived: it fails.
      const asked = asking ? asking.then(ask) : ask();
      return within(asked, expected ? EXPECTED_PATIENCE_MS : PATIENCE_MS, () => undefined, timers);
    },
  };
}
