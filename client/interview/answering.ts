/**
 * One question, from the request for camera and microphone to the whole take on the device: read, think, count, record, limit, end.
 */

import type { Preview } from '../capture/preview.ts';
import { FIRST_CHUNK_MS, type Trouble } from '../capture/recorder-watch.ts';
import { createWorkingTypes, type WorkingTypes } from '../capture/working-types.ts';
import type { SpooledTake } from '../spool/spool.ts';
import { systemTimers, type Timers } from '../timers.ts';
import type { Live } from './actions.ts';
import { alertOf, storeAlert } from './alerts.ts';
import { countDown } from './countdown.ts';
import { isComing } from './phase.ts';
import { createPreparation } from './preparation.ts';
import type { SavedRecord } from './saved-record.ts';
import { type SessionQueue, untilReady } from './session-queue.ts';
import { type Alert, type Cause, currentQuestion } from './state.ts';
import type { Store } from './store.ts';
import { lacksMuch, startTake, type Take, type TakeEnd, type TakeOptions } from './take.ts';

/** How often the recording of a question begins anew by itself, where the recorder has recorded next to nothing. */
const MAX_RESTARTS = 2;
/** A recorder that broke off before it recorded this much begins anew, in ms. */
const NEXT_TO_NOTHING_MS = 2000;
/** Below this length the candidate is asked whether the end of an answer is meant, in ms. */
export const SHORT_MS = 3000;
/** How long the first chunk of the last restart may take, in ms: a very slow phone is no broken one. */
const LAST_FIRST_CHUNK_MS = 15_000;

/** What ended a take, or left a hole in it, other than the candidate. Such a take does not count against `maxTakes`. */
export interface Interruption {
  cause: Extract<Cause, 'interrupted' | 'muted' | 'short'>;
  alert: Alert | null;
}

interface AnsweringOptions {
  store: Pick<Store, 'get' | 'dispatch'>;
  savedRecord: Pick<SavedRecord, 'set' | 'load' | 'save'>;
  queue: Pick<SessionQueue, 'ready' | 'create' | 'append' | 'beginSound' | 'drop' | 'end'>;
  preview: Pick<Preview, 'open' | 'close'>;
  types?: WorkingTypes;
  /** Resolves, soon, once the quality of the next take is known; never rejects. */
  ready?: () => Promise<void>;
  /** Called when a take begins. */
  quality: () => TakeOptions['quality'];
  /** A take has begun. */
  onBegin: (stream: MediaStream) => void;
  /** Called at the end of a take: whether camera or microphone delivered nothing for a while. */
  wasMuted?: () => boolean;
  /** Something is wrong with the recording, or right again. */
  onTrouble?: (trouble: Trouble) => void;
  /** The candidate has ended the take: its last chunk is still to come. */
  onStop: (takeId: string) => void;
  /** The last chunk is kept. */
  onEnd: (end: TakeEnd, interruption: Interruption | null) => void;
  begin?: typeof startTake;
  timers?: Timers;
  /** ms since 1970: the time to think runs on while the page is away. */
  wallClock?: () => number;
}

/** What records the questions of an interview, one at a time. */
export interface Answering {
  /** Asks for camera and microphone, lets the candidate read and think, counts down, and records the next question. Never rejects. */
  record(): Promise<void>;
  /** The candidate ends the take that is being recorded. One that has hardly begun runs on, and the page asks. */
  next(): void;
  /** Goes on with the take that the page asks about. */
  goOn(): void;
  /** Ends the take that is being recorded, however short. */
  end(): void;
  /** Saves the lengths of the takes for the receipt; of a question's takes the last one counts. */
  saveLengths(takes: ReadonlyArray<Pick<SpooledTake, 'question' | 'recordedMs'>>): void;
  /** Whether a recorder runs, or is about to run. */
  isRecording(): boolean;
  /** Ends the time to read and to think. */
  answerNow(): void;
  /** The take that is being recorded; null where there is none. */
  take(): Take | null;
  live(): Pick<Live, 'elapsedMs' | 'leftMs' | 'thinkLeftMs'>;
}

/** Creates what records the questions of an interview, one at a time. */
export function createAnswering({
  store: { get, dispatch },
  savedRecord,
  queue,
  preview,
  types = createWorkingTypes(),
  ready = async () => {},
  quality,
  onBegin,
  wasMuted = () => false,
  onTrouble = () => {},
  onStop,
  onEnd,
  begin = startTake,
  timers = systemTimers,
  wallClock = Date.now,
}: AnsweringOptions): Answering {
  let take: Take | null = null;
  let recording = false;
  /** How often a recording was asked for: an attempt that a later one has overtaken stops. */
  let attempts = 0;
  /** How often the recording of this question has begun anew by itself. */
  let restarts = 0;
  /** A take is about to begin. A recorder can fail before it has. */
  let beginning = false;
  let failedEarly: TakeEnd | null = null;
  let limit: unknown = null;
  let limitMs = 0;
  const preparation = createPreparation({ store: { dispatch }, savedRecord, timers, wallClock });

  const alert = (about: Alert) => dispatch({ type: 'alert', alert: about });

  async function record(): Promise<void> {
    dispatch({ type: 'request' });
    const question = currentQuestion(get());
    if (get().phase.name !== 'requesting' || !question) return;
    savedRecord.set({ currentIndex: question.index });
    attempts += 1;
    const attempt = attempts;
    const goesOn = () => attempt === attempts && isComing(get().phase);
    try {
      const known = ready();
      await preview.open();
      await preparation.run(question);
      await known;
      if (!(goesOn() && (await untilReady({ queue, dispatch, goesOn, timers })) && goesOn())) return;
      // The devices may have gone meanwhile, and a quality that has become known changes the camera: before the count, so
      // that the first picture is of the moment after it. A recorder that begins anew in mid-sentence counts nothing.
      let stream = await preview.open();
      if (restarts === 0) {
        await countDown((seconds) => {
          if (goesOn()) dispatch({ type: 'counting', seconds });
          return goesOn();
        }, timers);
        if (!goesOn()) return;
        stream = await preview.open();
      }
      // Where the camera had to be opened once more, another device may have taken the session over meanwhile.
      if (!goesOn()) return;
      recording = beginning = true;
      take = await begin({
        ...{ queue, stream, question: question.index, quality: quality(), onTrouble, onEnd: ended },
        mimeTypes: types.list(get().voiceAlone ? 'audio' : 'video'),
        firstChunkMs: restarts < MAX_RESTARTS ? FIRST_CHUNK_MS : LAST_FIRST_CHUNK_MS,
      });
      dispatch({ type: 'recording', takeId: take.takeId });
      if (restarts > 0) alert({ code: 'recording-restarted' });
      onBegin(stream);
      limitMs = question.maxSeconds * 1000;
      limit = timers.set(endTake, limitMs);
      beginning = false;
      if (failedEarly) ended(failedEarly);
    } catch (error) {
      recording = beginning = false;
      restarts = 0;
      const { phase } = get();
      // The candidate has chosen other devices meanwhile: a later attempt is opening those. Or another device goes on.
      if (attempt !== attempts || !(isComing(phase) || phase.name === 'recording')) return;
      // A camera that failed after the time to think: the page requests the question again.
      if (isComing(phase) && phase.name !== 'requesting') dispatch({ type: 'request' });
      alert(alertOf(error));
    }
  }

  function next(): void {
    if (take && take.elapsedMs() < SHORT_MS) dispatch({ type: 'short', short: true });
    else endTake();
  }

  function endTake(): void {
    if (get().phase.name !== 'recording' || !take) return;
    dispatch({ type: 'stopped' });
    onStop(take.takeId);
    take.stop();
  }

  function ended(end: TakeEnd): void {
    failedEarly = beginning ? end : null;
    if (beginning) return;
    const { reason, error, keptBytes, takeId, question, mimeType, recordedMs, spokenMs } = end;
    // A take that was given up may end when the next one runs already.
    if (take === null || take.takeId === takeId) {
      timers.clear(limit);
      recording = false;
      take = null;
    }
    const failed = reason === 'error' || reason === 'silent';
    if (failed && keptBytes === 0) types.failed(mimeType);
    const nextToNothing = keptBytes === 0 || recordedMs < NEXT_TO_NOTHING_MS;
    if (failed && nextToNothing && restarts < MAX_RESTARTS && get().phase.name === 'recording') {
      restart(end);
      return;
    }
    restarts = 0;
    const refused = reason === 'keep' ? storeAlert(error) : null;
    if (keptBytes === 0) {
      void queue.drop(takeId).catch(() => {});
      const code = reason === 'track' ? 'camera-busy' : 'recorder-failed';
      dispatch({ type: 'nothing', takeId, alert: refused ?? { code } });
      return;
    }
    const interruption = interruptionOf(end, refused);
    if (interruption === null) dispatch({ type: 'take-used', question });
    savedRecord.save({ takesUsed: get().takesUsed, undecided: undefined });
    saveLengths([end]);
    savedRecord.save({ spokenMs: { ...savedRecord.load().spokenMs, [question]: spokenMs } });
    onEnd(end, interruption);
  }

  function interruptionOf(end: TakeEnd, refused: Alert | null): Interruption | null {
    const code = end.reason === 'silent' ? 'recording-silent' : 'recording-interrupted';
    if (end.reason !== 'stop') return { cause: 'interrupted', alert: refused ?? { code } };
    if (lacksMuch(end)) return { cause: 'short', alert: { code: 'recording-silent' } };
    return wasMuted() ? { cause: 'muted', alert: null } : null;
  }

  /** A recorder has failed before the candidate can have said much: another one begins at once. */
  function restart({ takeId, keptBytes, question, recordedMs, spokenMs }: TakeEnd): void {
    restarts += 1;
    if (keptBytes === 0) void queue.drop(takeId).catch(() => {});
    else {
      // It is sent like every take. A reload before the next take has a byte asks about this one.
      savedRecord.save({ undecided: { takeId, question, recordedMs, spokenMs, cause: 'interrupted' } });
      void queue.end(takeId);
    }
    dispatch({ type: 'nothing', takeId, alert: { code: 'recording-restarted' } });
    // The devices themselves may be to blame.
    if (restarts === MAX_RESTARTS) preview.close();
    void record();
  }

  function saveLengths(takes: ReadonlyArray<Pick<SpooledTake, 'question' | 'recordedMs'>>): void {
    const lengths = takes.map(({ question, recordedMs }) => [question, recordedMs]);
    const { recordedMs = {}, spokenMs = {} } = savedRecord.load();
    // A take of another length has ended with its page: nobody knows how long the candidate went on.
    const known = Object.entries(spokenMs).filter(([of]) =>
      takes.every((take) => take.question !== Number(of) || take.recordedMs === recordedMs[take.question]),
    );
    const saved = { ...recordedMs, ...Object.fromEntries(lengths) };
    savedRecord.save({ recordedMs: saved, spokenMs: Object.fromEntries(known) });
  }

  return {
    record,
    next,
    goOn: () => dispatch({ type: 'short', short: false }),
    end: endTake,
    saveLengths,
    isRecording: () => recording,
    answerNow: preparation.end,
    take: () => take,
    live() {
      const elapsedMs = take?.elapsedMs() ?? 0;
      return {
        elapsedMs,
        leftMs: take && get().phase.name === 'recording' ? Math.max(0, limitMs - elapsedMs) : null,
        thinkLeftMs: preparation.leftMs(),
      };
    },
  };
}
