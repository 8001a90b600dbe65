/** One question from the request for camera and microphone to the whole take on the device: think, record, limit, end. */
import { alertOf } from './alerts.ts';
import type { IdentityStore } from './identity.ts';
import { type Alert, currentQuestion, type Event, type Sitting } from './interview.ts';
import type { Quality } from './quality.ts';
import type { Sender } from './sender.ts';
import { startTake, type Take, type TakeEnd } from './take.ts';
import { systemTimers, type Timers } from './timers.ts';

/** Between tries to tell the device's store that a take has ended. */
const END_RETRY_MS = 2000;

export interface AnsweringOptions {
  state: () => Sitting;
  dispatch: (event: Event) => void;
  identity: Pick<IdentityStore, 'set' | 'notes' | 'note'>;
  sender: () => Sender | null;
  preview: { open(): Promise<MediaStream> };
  /** Asked when a take begins. */
  quality: () => Quality;
  /** A take has begun. */
  onBegin: (stream: MediaStream) => void;
  /** The candidate has ended the take: its last chunk is still to come. */
  onStop: (takeId: string) => void;
  /** The last chunk is kept. `why`: the take ended by itself. */
  onEnd: (end: TakeEnd, why: Alert | null) => void;
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
  quality,
  onBegin,
  onStop,
  onEnd,
  begin = startTake,
  timers = systemTimers,
  wallClock = Date.now,
}: AnsweringOptions) {
  let take: Take | null = null;
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
    try {
      await preview.open();
      await think(question.index, question.thinkSeconds);
      // The devices may have gone while the candidate was thinking.
      const stream = await preview.open();
      take = await begin({ sender: to, stream, question: question.index, quality: quality(), onEnd: ended });
      dispatch({ type: 'recording', takeId: take.takeId });
      onBegin(stream);
      limitMs = question.maxSeconds * 1000;
      limit = timers.set(next, limitMs);
    } catch (error) {
      // Asked again after a time to think, the question is requested anew.
      if (state().phase.name === 'thinking') dispatch({ type: 'request' });
      alert(alertOf(error, error instanceof DOMException ? 'storage-refused' : 'unexpected'));
    }
  }

  function next(): void {
    if (state().phase.name !== 'recording' || !take) return;
    dispatch({ type: 'stopped' });
    onStop(take.takeId);
    take.stop();
  }

  function ended(end: TakeEnd): void {
    const { reason, error, keptBytes, takeId, question, recordedMs } = end;
    timers.clear(limit);
    const otherwise = keptBytes === 0 ? 'camera-busy' : 'recording-interrupted';
    const why: Alert | null =
      reason === 'stop' && keptBytes > 0
        ? null
        : reason === 'keep'
          ? alertOf(error, 'storage-refused')
          : { code: otherwise };
    if (take?.takeId === takeId) take = null;
    if (keptBytes === 0) {
      void sender()
        ?.drop(takeId)
        .catch(() => {});
      dispatch({ type: 'nothing', takeId, alert: why ?? { code: otherwise } });
      return;
    }
    const { takesUsed = {}, recordedMs: lengths = {} } = identity.notes();
    const used = (takesUsed[question] ?? 0) + (why === null ? 1 : 0);
    identity.note({
      takesUsed: { ...takesUsed, [question]: used },
      recordedMs: { ...lengths, [question]: recordedMs },
    });
    onEnd(end, why);
  }

  /** Until the device's store has it, the upload can't end. */
  async function endInSpool(takeId: string): Promise<void> {
    for (;;) {
      try {
        return await sender()?.end(takeId);
      } catch (error) {
        alert(alertOf(error, 'storage-refused'));
        await new Promise<void>((resolve) => timers.set(resolve, END_RETRY_MS));
      }
    }
  }

  return {
    record,
    next,
    endInSpool,
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
