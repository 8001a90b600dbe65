/**
 * Which step comes next: after the session has opened, a take has ended, a gate has opened, or the candidate has
 * decided.
 */

import type { AdaptiveQuality } from '../capture/adaptive-quality.ts';
import type { Preview } from '../capture/preview.ts';
import type { OverflowSpool } from '../spool/overflow-spool.ts';
import type { Answering, Interruption } from './answering.ts';
import type { DeviceCheck } from './device-check.ts';
import type { SavedInterview, SavedRecord, UndecidedTake } from './saved-record.ts';
import type { Session } from './session.ts';
import type { SessionQueue } from './session-queue.ts';
import { nextQuestion } from './state.ts';
import type { Store } from './store.ts';
import type { TakeDecision } from './take-decision.ts';
import type { TakeWarnings } from './take-warnings.ts';

interface FlowOptions {
  store: Pick<Store, 'get' | 'dispatch'>;
  savedRecord: Pick<SavedRecord, 'load'>;
  spool: Pick<OverflowSpool, 'list' | 'clear'>;
  queue: SessionQueue;
  session: Pick<Session, 'who' | 'finish'>;
  preview: Pick<Preview, 'close' | 'tune'>;
  adaptiveQuality: Pick<AdaptiveQuality, 'quality' | 'resume'>;
  answering: Answering;
  check: Pick<DeviceCheck, 'open'>;
  decision: Pick<TakeDecision, 'pending' | 'ask'>;
  warnings: Pick<TakeWarnings, 'end'>;
}

interface Flow {
  /** The session is open: takes up what an earlier page left, and proceeds. */
  begin(interview: SavedInterview): Promise<void>;
  /** The candidate has seen the device check. */
  start(): void;
  /** The candidate ends a pause. */
  resume(): void;
  /** Goes to what comes next: a take that is not sent, the device check, the next question, or the end. */
  proceed(): Promise<void>;
  /** The last chunk of a take is kept. */
  takeEnded(take: UndecidedTake, interruption: Interruption | null): void;
  /** The candidate has decided on a take: it is kept for the question, or (null) the question is asked again. */
  decided(kept: number | null): void;
}

/** Creates the flow of an interview; `begin` starts it. */
export function createFlow({
  store: { get, dispatch },
  savedRecord,
  spool,
  queue,
  session,
  preview,
  adaptiveQuality,
  answering,
  check,
  decision,
  warnings,
}: FlowOptions): Flow {
  /** Since the page was loaded, the candidate has seen the device check, or has decided on a take. */
  let checked = false;

  async function begin({ folder, uploadEndpoint }: SavedInterview): Promise<void> {
    const listed = await spool.list(folder);
    // The end of a take that a reload or a crash has cut is not recorded: the candidate decides whether the take counts.
    const cut = listed.filter(({ ended }) => !ended).map(({ takeId }) => takeId);
    queue.open({ folder, uploadEndpoint });
    const left = listed.length > 0 ? await queue.recover() : [];
    answering.saveLengths(left);
    adaptiveQuality.resume(savedRecord.load().quality);
    const undecided = decision.pending(left, new Set(cut));
    for (const { takeId, question } of left)
      if (takeId !== undecided?.takeId) dispatch({ type: 'kept-whole', question });
    if (undecided) decision.ask(undecided, undecided.cause);
    else await proceed();
  }

  async function proceed(): Promise<void> {
    const unsent = queue.unsent();
    const refused = unsent.find((take) => take.refused);
    const last = unsent.at(-1);
    if (refused) decision.ask(refused, 'refused');
    else if (nextQuestion(get()) !== null && (get().gate === 'end' || !last)) await goToQuestion();
    else if (last) {
      dispatch({ type: 'resend', question: last.question, takeId: last.takeId });
      queue.enterGate(last.takeId);
    } else {
      preview.close();
      await session.finish(() => spool.clear(session.who().folder));
    }
  }

  async function goToQuestion(): Promise<void> {
    if (!checked) return check.open();
    if (!get().pausing) return answering.record();
    preview.close();
    dispatch({ type: 'paused' });
  }

  /** A take is whole on the device: with gate `end` a question needs no more. */
  function keptWhole(question: number): void {
    dispatch({ type: 'kept-whole', question });
    const state = get();
    if (state.gate === 'end' && state.phase.name === 'gate' && nextQuestion(state) !== null) void proceed();
  }

  return {
    begin,
    start() {
      checked = true;
      void proceed();
    },
    resume() {
      dispatch({ type: 'pausing', on: false });
      void proceed();
    },
    proceed,
    takeEnded(take, interruption) {
      const { takeId, question } = take;
      warnings.end();
      void preview.tune(adaptiveQuality.quality());
      const { phase } = get();
      const shown = 'takeId' in phase && phase.takeId === takeId && phase.name !== 'recovered';
      const cause = interruption?.cause ?? (answering.takesLeft(question) > 0 ? 'review' : null);
      // Before the end is recorded in the spool: from then on the gate may open.
      if (shown && cause) decision.ask(take, cause, interruption?.alert ?? undefined);
      // What took the camera away may have cut the connection as well.
      if (interruption) queue.retryNow();
      void queue.end(takeId).then(() => shown && !cause && keptWhole(question));
    },
    decided(kept) {
      checked = true;
      const { phase } = get();
      if (kept === null) void answering.record();
      else if (phase.name === 'gate' && phase.gate.kind === 'open') void proceed();
      else keptWhole(kept);
    },
  };
}
