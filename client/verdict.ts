/** Whether a take counts, where that is the candidate's to say: one that was cut short, or a question that allows another. */
import type { IdentityStore, UndecidedTake } from './identity.ts';
import type { Alert, Cause, Event, Gate, Sitting } from './interview.ts';
import type { Sender } from './sender.ts';
import type { Spool } from './spool.ts';
import type { View } from './view.ts';

export interface VerdictOptions {
  state: () => Sitting;
  dispatch: (event: Event) => void;
  identity: Pick<IdentityStore, 'note'>;
  spool: Pick<Spool, 'get' | 'read'>;
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
    const take = await spool.get(takeId);
    const bytes = take && (await spool.read(takeId, 0, take.bytes).catch(() => null));
    const { phase } = state();
    if (bytes && phase.name === 'recovered' && phase.takeId === takeId)
      view.playback(new Blob([bytes], { type: take.mimeType }));
  }

  return {
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
      if (cause === 'review') void show(takeId);
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
