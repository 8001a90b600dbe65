/** One question from the request for camera and microphone to the whole take on the device: think, record, limit, end. */
import { alertOf, notKept } from './alerts.ts';
import type { IdentityStore } from './identity.ts';
import { type Alert, type Cause, currentQuestion, type Event, type Sitting } from './interview.ts';
import type { Quality } from './quality.ts';
import type { Sender } from './sender.ts';
import type { SpooledTake } from './spool.ts';
import { startTake, type Take, type TakeEnd } from './take.ts';
import { systemTimers, type Timers } from './timers.ts';

/** Between tries to tell the device's store that a take has ended. */
const END_RETRY_MS = 2000;

/** What ended a take, or left a hole in it, and was not the candidate: it costs no take. */
export interface Mishap {
  cause: Extract<Cause, 'interrupted' | 'muted'>;
  alert: Alert | null;
}

export interface AnsweringOptions {
  state: () => Sitting;
  dispatch: (event: Event) => void;
  identity: Pick<IdentityStore, 'set' | 'notes' | 'note'>;
  sender: () => Sender | null;
  preview: { open(): Promise<MediaStream> };
  /** Resolves, soon, once the next take's quality is known; never rejects. */
  ready?: () => Promise<void>;
  /** Asked when a take begins. */
  quality: () => Quality;
  /** A take has begun. */
  onBegin: (stream: MediaStream) => void;
  /** Asked at its end: whether camera or microphone delivered nothing for a while. */
  wasMuted?: () => boolean;
  /** The candidate has ended the take: its last chunk is still to come. */
  onStop: (takeId: string) => void;
  /** The last chunk is kept. */
  onEnd: (end: TakeEnd, mishap: Mishap | null) => void;
  begin?: typeof startTake;
  timers?: Timers;
  /** ms since 1970: a time to think goes on while the page is away. */
  wallClock?: () => number;
}

export function createAnswering({
  state,
  dispatch,
  identity,
  sender,
  preview,
  ready = async () => {},
  quality,
  onBegin,
  wasMuted = () => false,
  onStop,
  onEnd,
  begin = startTake,
  timers = systemTimers,
  wallClock = Date.now,
}: AnsweringOptions) {
  let take: Take | null = null;
  /** A recorder runs, or is about to. */
  let recording = false;
  let tries = 0;
  let limit: unknown = null;
  let limitMs = 0;
  let endThinking: (() => void) | null = null;
  let thinkUntil: number | null = null;

  const alert = (about: Alert) => dispatch({ type: 'alert', alert: about });

  /** Until the time to think is over or cut short; a question gives it once. */
  async function think(question: number, seconds: number): Promise<void> {
    const { thinking } = identity.notes();
    const until = thinking?.question === question ? thinking.until : wallClock() + seconds * 1000;
    // A clock that was set back must not make it longer.
    const leftMs = Math.min(until - wallClock(), seconds * 1000);
    if (leftMs <= 0) return;
    identity.note({ thinking: { question, until } });
    dispatch({ type: 'thinking' });
    thinkUntil = timers.now() + leftMs;
    await new Promise<void>((resolve) => {
      const timer = timers.set(resolve, leftMs);
      endThinking = () => {
        timers.clear(timer);
        resolve();
      };
    });
    endThinking = thinkUntil = null;
    identity.note({ thinking: { question, until: 0 } });
  }

  async function record(): Promise<void> {
    dispatch({ type: 'request' });
    const question = currentQuestion(state());
    const to = sender();
    if (state().phase.name !== 'requesting' || !question || !to) return;
    identity.set({ currentIndex: question.index });
    tries += 1;
    const mine = tries;
    try {
      const known = ready();
      await preview.open();
      await think(question.index, question.thinkSeconds);
      await known;
      if (mine !== tries) return;
      // The devices may have gone while the candidate was thinking.
      const stream = await preview.open();
      recording = true;
      take = await begin({ sender: to, stream, question: question.index, quality: quality(), onEnd: ended });
      dispatch({ type: 'recording', takeId: take.takeId });
      onBegin(stream);
      limitMs = question.maxSeconds * 1000;
      limit = timers.set(next, limitMs);
    } catch (error) {
      recording = false;
      // Another choice of devices came meanwhile: those are being opened.
      if (mine !== tries) return;
      // Asked again after a time to think, the question is requested anew.
      if (state().phase.name === 'thinking') dispatch({ type: 'request' });
      alert(alertOf(error));
    }
  }

  function next(): void {
    if (state().phase.name !== 'recording' || !take) return;
    dispatch({ type: 'stopped' });
    onStop(take.takeId);
    take.stop();
  }

  function ended(end: TakeEnd): void {
    const { reason, error, keptBytes, takeId, question } = end;
    timers.clear(limit);
    recording = false;
    if (take?.takeId === takeId) take = null;
    const refused = reason === 'keep' ? notKept(error) : null;
    if (keptBytes === 0) {
      void sender()
        ?.drop(takeId)
        .catch(() => {});
      dispatch({ type: 'nothing', takeId, alert: refused ?? { code: 'camera-busy' } });
      return;
    }
    const broken = reason !== 'stop';
    const mishap: Mishap | null = broken
      ? { cause: 'interrupted', alert: refused ?? { code: 'recording-interrupted' } }
      : wasMuted()
        ? { cause: 'muted', alert: null }
        : null;
    const { takesUsed = {} } = identity.notes();
    const used = (takesUsed[question] ?? 0) + (mishap === null ? 1 : 0);
    identity.note({ takesUsed: { ...takesUsed, [question]: used } });
    noteLengths([end]);
    onEnd(end, mishap);
  }

  /** For the receipt; of a question's takes the last one counts. */
  function noteLengths(takes: ReadonlyArray<Pick<SpooledTake, 'question' | 'recordedMs'>>): void {
    const lengths = takes.map(({ question, recordedMs }) => [question, recordedMs]);
    identity.note({ recordedMs: { ...identity.notes().recordedMs, ...Object.fromEntries(lengths) } });
  }

  /** Until the device's store has it, the upload can't end. */
  async function endInSpool(takeId: string): Promise<void> {
    for (;;) {
      try {
        return await sender()?.end(takeId);
      } catch (error) {
        alert(notKept(error));
        await new Promise<void>((resolve) => timers.set(resolve, END_RETRY_MS));
      }
    }
  }

  return {
    record,
    next,
    endInSpool,
    noteLengths,
    /** Whether a recorder runs, or is about to. */
    isRecording: () => recording,
    answerNow: () => endThinking?.(),
    take: () => take,
    /** Takes that the question still allows. */
    takesLeft(question: number): number {
      const maxTakes = state().questions.find(({ index }) => index === question)?.maxTakes ?? 1;
      return Math.max(0, maxTakes - (identity.notes().takesUsed?.[question] ?? 0));
    },
    live() {
      const elapsedMs = take?.elapsedMs() ?? 0;
      return {
        elapsedMs,
        leftMs: take && state().phase.name === 'recording' ? Math.max(0, limitMs - elapsedMs) : null,
        thinkLeftMs: thinkUntil === null ? null : Math.max(0, thinkUntil - timers.now()),
      };
    },
  };
}
