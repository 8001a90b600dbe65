/** Whether a take counts, where the candidate decides: a take that was cut short, or a question that allows another. */

import type { OverflowSpool } from '../spool/overflow-spool.ts';
import type { Gate } from '../upload/events.ts';
import type { Screen } from './actions.ts';
import { takesLeft } from './progress.ts';
import type { SavedRecord, UndecidedTake } from './saved-record.ts';
import type { SessionQueue } from './session-queue.ts';
import type { Alert, Cause } from './state.ts';
import type { Store } from './store.ts';

interface TakeDecisionOptions {
  store: Pick<Store, 'get' | 'dispatch'>;
  savedRecord: Pick<SavedRecord, 'load' | 'save'>;
  spool: Pick<OverflowSpool, 'copyOf'>;
  screen: Pick<Screen, 'playback'>;
  queue: Pick<SessionQueue, 'unsent' | 'enterGate' | 'drop'>;
  /** The question whose take is kept; null: the question is asked again. */
  onDecided: (kept: number | null) => void;
}

/** The decision on one take after the other. */
export interface TakeDecision {
  /**
   * The decision that is still open, of the takes that an earlier page left; null where there is none. `cut`: the takes
   * whose end is not recorded in the spool.
   */
  pending(left: readonly UndecidedTake[], cut: ReadonlySet<string>): (UndecidedTake & { cause: Cause }) | null;
  /** Asks the candidate; the take is sent meanwhile. */
  ask(take: UndecidedTake, cause: Cause, why?: Alert): void;
  /** The candidate keeps the take. */
  keep(): void;
  /** The candidate answers the question again. */
  again(): Promise<void>;
}

/** Creates the decision between "keep" and "answer again". */
export function createTakeDecision({
  store: { get, dispatch },
  savedRecord,
  spool,
  screen,
  queue,
  onDecided,
}: TakeDecisionOptions): TakeDecision {
  /** Plays the take. One that the device has forgotten, since the server holds it, can't be played. */
  async function show(takeId: string): Promise<void> {
    const recording = await spool.copyOf(takeId).catch(() => null);
    const { phase } = get();
    if (recording && phase.name === 'recovered' && phase.takeId === takeId) screen.playback(recording);
  }

  return {
    pending(left, cut) {
      const last = left.findLast(({ takeId }) => cut.has(takeId));
      const saved = savedRecord.load().undecided ?? null;
      if (last && last.takeId !== saved?.takeId) return { ...last, cause: 'reload' };
      // A take that is neither on this device nor at the server cannot be kept.
      const known = left.some(({ takeId }) => takeId === saved?.takeId);
      if (!saved || known || get().answered.includes(saved.question)) return saved;
      savedRecord.save({ undecided: undefined });
      return null;
    },
    ask({ takeId, question, recordedMs, spokenMs }, cause, why) {
      const length = { recordedMs, ...(spokenMs !== undefined && { spokenMs }) };
      if (cause !== 'refused') savedRecord.save({ undecided: { takeId, question, ...length, cause } });
      const unsent = queue.unsent().some((each) => each.takeId === takeId);
      const gate: Gate = { kind: cause === 'refused' ? 'failed' : unsent ? 'uploading' : 'open' };
      const left = takesLeft(get(), question);
      dispatch({
        type: 'recovered',
        question,
        takeId,
        ...length,
        cause,
        takesLeft: left,
        gate,
        ...(why && { alert: why }),
      });
      if (cause === 'refused') return;
      // Read before the gate can open: the spool then forgets the take.
      void show(takeId);
      queue.enterGate(takeId);
    },
    keep() {
      const { phase } = get();
      if (phase.name !== 'recovered' || phase.cause === 'refused') return;
      savedRecord.save({ undecided: undefined });
      dispatch({ type: 'keep' });
      onDecided(phase.question);
    },
    async again() {
      const { phase } = get();
      if (phase.name !== 'recovered') return;
      // Until the next take has a byte, a page that is loaded anew asks about this one: it would count without being asked.
      if (phase.cause === 'refused') savedRecord.save({ undecided: undefined });
      dispatch({ type: 'again' });
      if (phase.cause === 'refused') await queue.drop(phase.takeId).catch(() => {});
      onDecided(null);
    },
  };
}
