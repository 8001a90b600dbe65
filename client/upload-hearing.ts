/** What the sending engine's news mean for the sitting: a gate that moved, or a refusal of the server. */
import { refusalOf } from './alerts.ts';
import type { Alert, Event, Sitting } from './interview.ts';
import type { Sender } from './sender.ts';
import type { createSession } from './session.ts';
import type { Take } from './take.ts';
import type { UploadEvent } from './upload-events.ts';
import type { createVerdict } from './verdict.ts';

export interface UploadHearingOptions {
  state: () => Sitting;
  dispatch: (event: Event) => void;
  sender: () => Sender | null;
  session: Pick<ReturnType<typeof createSession>, 'over' | 'rememberAnswered'>;
  verdict: Pick<ReturnType<typeof createVerdict>, 'ask'>;
  /** That is recorded just now. */
  take: () => Take | null;
  alert: (about: Alert) => void;
  /** The gate at which the candidate stands has opened. */
  onOpen: () => void;
}

export function createUploadHearing({
  state,
  dispatch,
  sender,
  session,
  verdict,
  take,
  alert,
  onOpen,
}: UploadHearingOptions) {
  function hearGate(event: Extract<UploadEvent, { type: 'gate' }>): void {
    dispatch(event);
    if (event.gate.kind !== 'open') return;
    const question = sender()
      ?.status()
      .gate.find(({ takeId }) => takeId === event.takeId)?.question;
    if (question !== undefined) dispatch({ type: 'answered', answered: [question] });
    session.rememberAnswered(state().answered);
    const { phase } = state();
    if (phase.name === 'gate' && phase.takeId === event.takeId) onOpen();
  }

  function hearRefusal({ takeId, status, code, detail, final }: Extract<UploadEvent, { type: 'refused' }>): void {
    const why = refusalOf(status, code, detail);
    const { phase } = state();
    if (code === 'session-finished') session.over();
    else if (!final || why.code === 'digest-mismatch' || !('takeId' in phase) || phase.takeId !== takeId) alert(why);
    else {
      // No try can help any more: what is left is to answer again.
      const running = take();
      verdict.ask({ takeId, question: phase.question, recordedMs: running?.elapsedMs() ?? 0 }, 'refused', why);
      if (running?.takeId === takeId) running.stop();
    }
  }

  return (event: UploadEvent): void => (event.type === 'refused' ? hearRefusal(event) : hearGate(event));
}
