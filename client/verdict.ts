/** Whether a take counts, where that is the candidate's to say: one that was cut short, or a question that allows another. */
import type { IdentityStore, UndecidedTake } from './identity.ts';
import type { Alert, Cause, Event, Gate, Sitting } from './interview.ts';
import type { OverflowSpool } from './overflow-spool.ts';
import type { Sender } from './sender.ts';
import type { View } from './view.ts';

export interface VerdictOptions {
  state: () => Sitting;
  dispatch: (event: Event) => void;
  identity: Pick<IdentityStore, 'note' | 'notes'>;
  spool: Pick<OverflowSpool, 'copyOf'>;
  view: Pick<View, 'playback'>;
  sender: () => Sender | null;
  answering: { takesLeft(question: number): number };
  /** The question whose take is kept; null: it is asked again. */
  onDecided: (kept: number | null) => void;
}

export function createVerdict({
  state,
  dispatch,
  identity,
  spool,
  view,
  sender,
  answering,
  onDecided,
}: VerdictOptions) {
  /** Shows the take. Where the server holds it already, the device has let go of it: then there is nothing to show. */
  async function show(takeId: string): Promise<void> {
    const recording = await spool.copyOf(takeId).catch(() => null);
    const { phase } = state();
    if (recording && phase.name === 'recovered' && phase.takeId === takeId) view.playback(recording);
  }

  return {
    /**
     * What the candidate still has to say, of the takes that an earlier page left; of those in `cut` nobody had written
     * down the end.
     */
    pending(left: readonly UndecidedTake[], cut: ReadonlySet<string>): (UndecidedTake & { cause: Cause }) | null {
      const last = left.findLast(({ takeId }) => cut.has(takeId));
      const noted = identity.notes().undecided ?? null;
      if (last && last.takeId !== noted?.takeId) return { ...last, cause: 'reload' };
      // Neither on this device nor at the server: of such a take there is nothing to keep.
      const known = left.some(({ takeId }) => takeId === noted?.takeId);
      if (!noted || known || state().answered.includes(noted.question)) return noted;
      identity.note({ undecided: undefined });
      return null;
    },
    /** Asks the candidate; the take is sent meanwhile. */
    ask({ takeId, question, recordedMs }: UndecidedTake, cause: Cause, why?: Alert): void {
      if (cause !== 'refused') identity.note({ undecided: { takeId, question, recordedMs, cause } });
      const unsent = sender()
        ?.unsent()
        .some((each) => each.takeId === takeId);
      const gate: Gate = { kind: cause === 'refused' ? 'failed' : unsent ? 'uploading' : 'open' };
      const takesLeft = answering.takesLeft(question);
      dispatch({ type: 'recovered', question, takeId, recordedMs, cause, takesLeft, gate, ...(why && { alert: why }) });
      if (cause !== 'refused') sender()?.enterGate(takeId);
      if (cause === 'review' || cause === 'muted') void show(takeId);
    },
    keep(): void {
      const { phase } = state();
      if (phase.name !== 'recovered' || phase.cause === 'refused') return;
      identity.note({ undecided: undefined });
      dispatch({ type: 'keep' });
      onDecided(phase.question);
    },
    async again(): Promise<void> {
      const { phase } = state();
      if (phase.name !== 'recovered') return;
      identity.note({ undecided: undefined });
      dispatch({ type: 'again' });
      if (phase.cause === 'refused')
        await sender()
          ?.drop(phase.takeId)
          .catch(() => {});
      onDecided(null);
    },
  };
}
