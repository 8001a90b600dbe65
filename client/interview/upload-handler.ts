/** What the events of the upload engine mean for the interview: a gate that changed, or a take that was refused. */

import type { UploadEvent } from '../upload/events.ts';
import { problemAlert, storeAlert } from './alerts.ts';
import type { Session } from './session.ts';
import type { SessionQueue } from './session-queue.ts';
import type { Alert } from './state.ts';
import type { Store } from './store.ts';
import type { Take } from './take.ts';
import type { TakeDecision } from './take-decision.ts';

interface UploadHandlerOptions {
  store: Pick<Store, 'get' | 'dispatch'>;
  queue: Pick<SessionQueue, 'status'>;
  session: Pick<Session, 'over' | 'rememberAnswered'>;
  decision: Pick<TakeDecision, 'ask'>;
  /** The take that is being recorded; null where there is none. */
  take: () => Take | null;
  alert: (about: Alert) => void;
  /** A gate has opened at which the candidate waits, or whose take this page only sends. */
  onOpen: () => void;
}

/** Creates the handler of the upload engine's events. */
export function createUploadHandler({
  store: { get, dispatch },
  queue,
  session,
  decision,
  take,
  alert,
  onOpen,
}: UploadHandlerOptions): (event: UploadEvent) => void {
  function handleGate(event: Extract<UploadEvent, { type: 'gate' }>): void {
    dispatch(event);
    if (event.gate.kind !== 'open') return;
    const question = queue.status().gate.find(({ takeId }) => takeId === event.takeId)?.question;
    if (question !== undefined) dispatch({ type: 'answered', answered: [question] });
    session.rememberAnswered(get().answered);
    const { phase } = get();
    if (phase.name === 'elsewhere' || (phase.name === 'gate' && phase.takeId === event.takeId)) onOpen();
  }

  function handleRefusal({ takeId, status, code, detail, final }: Extract<UploadEvent, { type: 'refused' }>): void {
    const why = problemAlert(status, code, detail);
    const { phase } = get();
    if (code === 'session-finished') session.over();
    else if (!final || why.code === 'digest-mismatch' || !('takeId' in phase) || phase.takeId !== takeId) alert(why);
    else {
      // No attempt can succeed any more: the candidate can only answer again.
      const running = take();
      decision.ask({ takeId, question: phase.question, recordedMs: running?.elapsedMs() ?? 0 }, 'refused', why);
      if (running?.takeId === takeId) running.stop();
    }
  }

  return (event) => {
    if (event.type === 'refused') handleRefusal(event);
    else if (event.type === 'gate') handleGate(event);
    else alert(storeAlert(event.error));
  };
}
