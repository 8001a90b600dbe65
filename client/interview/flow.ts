/**
 * Which step comes next: after the session has opened, a take has ended, a gate has opened, or the candidate has
 * decided.
 */

import type { AdaptiveQuality } from '../capture/adaptive-quality.ts';
import type { Preview } from '../capture/preview.ts';
import type { OverflowSpool } from '../spool/overflow-spool.ts';
import type { Answering, Interruption } from './answering.ts';
import type { DeviceCheck } from './device-check.ts';
import type { OtherDevice } from './other-device.ts';
import { isComing, type Phase } from './phase.ts';
import { isDone, takesLeft } from './progress.ts';
import type { SavedInterview, SavedRecord, UndecidedTake } from './saved-record.ts';
import type { Session } from './session.ts';
import { type SessionQueue, untilReady } from './session-queue.ts';
import { heldQuestion, nextQuestion } from './state.ts';
import type { Store } from './store.ts';
import type { TakeDecision } from './take-decision.ts';
import type { TakeWarnings } from './take-warnings.ts';

interface FlowOptions {
  store: Pick<Store, 'get' | 'dispatch' | 'subscribe'>;
  savedRecord: Pick<SavedRecord, 'load' | 'save'>;
  spool: Pick<OverflowSpool, 'list' | 'clear'>;
  queue: SessionQueue;
  session: Pick<Session, 'who' | 'finish'>;
  preview: Pick<Preview, 'close' | 'tune'>;
  adaptiveQuality: Pick<AdaptiveQuality, 'quality' | 'resume'>;
  answering: Answering;
  check: Pick<DeviceCheck, 'open'>;
  decision: Pick<TakeDecision, 'pending' | 'ask'>;
  warnings: Pick<TakeWarnings, 'end'>;
  otherDevice: Pick<OtherDevice, 'isExpected' | 'look'>;
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
  /** The server has been asked for the session's state: another device may have taken it over, or finished it. */
  looked(session: 'open' | 'finished' | 'unknown'): void;
  /** The candidate answers the question here that is awaited from another device. */
  answerHere(): void;
  /** The candidate has decided on a take: it is kept for the question, or (null) the question is asked again. */
  decided(kept: number | null): void;
}

/** Phases that another device's log-in does not end: what runs there comes to its own end. */
const unmoved: ReadonlySet<Phase['name']> = new Set(['loading', 'recording', 'finishing', 'finished']);

/** Creates the flow of an interview; `begin` starts it. */
export function createFlow({
  store: { get, dispatch, subscribe },
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
  otherDevice,
}: FlowOptions): Flow {
  /** Since the page was loaded, the candidate has seen the device check, or has decided on a take. */
  let checked = false;
  /** Questions that the candidate answers here although another device may hold their answer. */
  const here = new Set<number>();
  /** The question that is asked and has not recorded yet. One that is answered again may count as answered already. */
  let asked: number | null = null;
  subscribe(({ phase }) => {
    if (phase.name === 'recording') asked = null;
  });

  async function begin({ folder, uploadEndpoint }: SavedInterview): Promise<void> {
    const listed = await spool.list(folder);
    // The end of a take that a reload or a crash has cut is not recorded: the candidate decides whether the take counts.
    const cut = listed.filter(({ ended }) => !ended).map(({ takeId }) => takeId);
    queue.open({ folder, uploadEndpoint });
    if (listed.length > 0) await untilReady({ queue, dispatch });
    const left = listed.length > 0 ? await queue.recover() : [];
    answering.saveLengths(left);
    adaptiveQuality.resume(savedRecord.load().quality);
    const held = (savedRecord.load().held ?? []).filter((index) => left.every(({ question }) => question !== index));
    dispatch({ type: 'held', held });
    const undecided = decision.pending(left, new Set(cut));
    for (const { takeId, question } of left)
      if (takeId !== undecided?.takeId) dispatch({ type: 'kept-whole', question });
    if (get().elsewhere) goElsewhere();
    else if (undecided) decision.ask(undecided, undecided.cause);
    else await proceed();
  }

  async function proceed(): Promise<void> {
    if (get().elsewhere) return goElsewhere();
    const unsent = queue.unsent();
    const held = heldQuestion(get());
    const refused = unsent.find((take) => take.refused);
    const last = unsent.at(-1);
    const next = nextQuestion(get());
    if (refused) decision.ask(refused, 'refused');
    else if (next !== null && (get().gate === 'end' || !last)) await goToQuestion(next);
    else if (last) {
      dispatch({ type: 'resend', question: last.question, takeId: last.takeId });
      queue.enterGate(last.takeId);
    } else if (held !== null) awaitQuestion(held);
    else await finish();
  }

  async function finish(): Promise<void> {
    preview.close();
    dispatch({ type: 'finishing', gate: { kind: 'uploading' } });
    await otherDevice.look();
    // Another device may be recording an answer anew: it is the one that finishes.
    if (get().elsewhere) return goElsewhere();
    await close();
  }

  const close = () => session.finish(() => spool.clear(session.who().folder));

  /** The session goes on elsewhere: this page records nothing more, and sends what it holds. */
  function goElsewhere(): void {
    preview.close();
    dispatch({ type: 'elsewhere', unsent: queue.unsent().length });
  }

  function awaitQuestion(question: number): void {
    preview.close();
    dispatch({ type: 'awaiting', question });
  }

  /** Whether the server is receiving an answer to the question from another device. */
  function isArriving(question: number): boolean {
    const { arriving, answered } = get();
    const isOurs = queue.status().takes.some((take) => take.question === question);
    return arriving.includes(question) && !answered.includes(question) && !isOurs && !here.has(question);
  }

  async function goToQuestion(question: number): Promise<void> {
    if (!checked) return check.open();
    if (get().pausing) {
      preview.close();
      return dispatch({ type: 'paused' });
    }
    const looked = otherDevice.look();
    if (isArriving(question)) return awaitQuestion(question);
    asked = question;
    // Before the response, which may take a while: nothing else can be begun meanwhile.
    dispatch({ type: 'request' });
    // Elsewhere the response comes in time to end the countdown.
    if (otherDevice.isExpected()) await looked;
    const { phase } = get();
    if (isComing(phase) && phase.question === question) return answering.record();
  }

  /** Another device has answered the question since it was asked here, or is just sending its answer: it is not asked again. */
  function notTwice(question: number): void {
    const done = isDone(get(), question);
    if (!done && !isArriving(question)) return;
    answering.answerNow();
    awaitQuestion(question);
    if (done) void proceed();
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
      const cause = interruption?.cause ?? (takesLeft(get(), question) > 0 ? 'review' : null);
      // Before the end is recorded in the spool: from then on the gate may open.
      if (shown && cause) decision.ask(take, cause, interruption?.alert ?? undefined);
      // What took the camera away may have cut the connection as well.
      if (interruption) queue.retryNow();
      void queue.end(takeId).then(() => shown && !cause && keptWhole(question));
    },
    looked(server) {
      const { phase, elsewhere } = get();
      if (unmoved.has(phase.name) || answering.isRecording()) return;
      // A take that is sent, or decided on, comes to its own end: the upload engine is told as well.
      const sends = phase.name === 'gate' || phase.name === 'recovered';
      if (server === 'finished' && !sends) {
        preview.close();
        void close();
      } else if (elsewhere) goElsewhere();
      else if (isComing(phase) && phase.question === asked) notTwice(asked);
      else if (phase.name === 'awaiting' && phase.question !== heldQuestion(get()) && !isArriving(phase.question))
        void proceed();
    },
    answerHere() {
      const { phase, held } = get();
      if (phase.name !== 'awaiting') return;
      here.add(phase.question);
      const rest = held.filter((index) => index !== phase.question);
      savedRecord.save({ held: rest });
      dispatch({ type: 'held', held: rest });
      void proceed();
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
