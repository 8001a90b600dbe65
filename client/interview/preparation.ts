/** The time to read a question and to think, before it is recorded. */
import type { Question } from '../../server/wire.ts';
import type { Timers } from '../timers.ts';
import type { SavedRecord } from './saved-record.ts';
import type { Store } from './store.ts';

interface PreparationOptions {
  store: Pick<Store, 'dispatch'>;
  savedRecord: Pick<SavedRecord, 'load' | 'save'>;
  timers: Timers;
  /** ms since 1970: the time runs on while the page is away. */
  wallClock: () => number;
}

/** The time before the recording of one question after the other. */
export interface Preparation {
  /** Resolves once the time to read the question and to think is over or cut short; each question grants it once. */
  run(question: Question): Promise<void>;
  /** Cuts the time short. */
  end(): void;
  /** The time left to read, or to think; null outside of these times. */
  leftMs(): number | null;
}

/** Creates the time before the recording of one question after the other. */
export function createPreparation({
  store: { dispatch },
  savedRecord,
  timers,
  wallClock,
}: PreparationOptions): Preparation {
  let end: (() => void) | null = null;
  let until: number | null = null;

  /** Resolves to false where the candidate has cut the time short. */
  async function wait(what: 'reading' | 'thinking', ms: number): Promise<boolean> {
    dispatch({ type: what });
    until = timers.now() + ms;
    const whole = await new Promise<boolean>((resolve) => {
      const timer = timers.set(() => resolve(true), ms);
      end = () => {
        timers.clear(timer);
        resolve(false);
      };
    });
    end = until = null;
    return whole;
  }

  return {
    async run({ index: question, readSeconds = 0, thinkSeconds }) {
      const allMs = (readSeconds + thinkSeconds) * 1000;
      const { thinking: saved } = savedRecord.load();
      const endsAt = saved?.question === question ? saved.until : wallClock() + allMs;
      // A clock that was set back must not make the time longer.
      const leftMs = Math.min(endsAt - wallClock(), allMs);
      if (leftMs <= 0) return;
      savedRecord.save({ thinking: { question, until: endsAt } });
      const readMs = leftMs - thinkSeconds * 1000;
      const goesOn = readMs <= 0 || (await wait('reading', readMs));
      if (goesOn && thinkSeconds > 0) await wait('thinking', Math.min(leftMs, thinkSeconds * 1000));
      savedRecord.save({ thinking: { question, until: 0 } });
    },
    end: () => end?.(),
    leftMs: () => (until === null ? null : Math.max(0, until - timers.now())),
  };
}
