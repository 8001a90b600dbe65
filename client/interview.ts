/**
 * The sitting as a pure state machine: (state, event) -> state. No DOM, no fetch, no clock.
 *
 * Invariants:
 * 1. With gate `each`, a question opens only when the gate of the one before it is open (the server holds the answer,
 *    digests equal). With gate `end`, when its take is whole on the device; then the gates stand before the finish.
 * 2. A take that was recorded is never dropped: only `gate-open` and a digest the server confirmed end it.
 * 3. Every phase has a way on: a button, a timer or an event of the engine.
 */
import type { Question, Receipt } from '../server/wire.ts';
import type { Quality } from './quality.ts';

/** Where the sending of the current take stands while the candidate waits at the gate. */
export type Gate = { kind: 'uploading' } | { kind: 'waiting'; seconds: number } | { kind: 'failed' } | { kind: 'open' };

/** What the page says in `role=alert`; `detail` is the server's or the browser's own sentence, where there is one. */
export interface Alert {
  code: AlertCode;
  detail?: string;
  /** The server's own code for its refusal, for which the page may have words. */
  refusal?: string;
}

export type AlertCode =
  | 'permission-refused' // getUserMedia NotAllowedError
  | 'no-camera' // NotFoundError
  | 'camera-busy' // NotReadableError
  | 'insecure-page' // no navigator.mediaDevices outside HTTPS and localhost
  | 'no-media-recorder' // the browser cannot record
  | 'recording-interrupted' // the recorder or its tracks ended by themselves: the take is saved
  | 'storage-refused' // the device's store cannot be written
  | 'storage-slow' // it does not open, and holds what an earlier page recorded: the page waits for it
  | 'copy-failed' // a copy of what is not sent could not be saved as a file
  | 'signed-out' // 401: token expired or revoked
  | 'take-lost' // the device has lost the take before it had arrived: its browser's data was deleted
  | 'digest-mismatch' // the server holds other bytes
  | 'no-connection' // the server can't be reached: it is tried again
  | 'second-tab' // another tab holds this session
  | 'not-kept' // the device's store can't be used: what is not sent lives as long as the page
  | 'no-offline-reload' // no service worker here (an untrusted certificate): a reload needs the connection
  | 'working-offline' // no connection; the sitting goes on with what the device remembers of it
  | 'storage-low' // the device may be full before the longest answer is kept
  | 'storage-full' // it is: the take goes on in the page's memory, and can be saved as a file
  | 'device-muted' // camera or microphone deliver nothing (a call, a switch): the recording runs on
  | 'page-was-hidden' // the page was in the background while it recorded: phones stop the camera then
  | 'refused' // any other final refusal of the server: detail says what
  | 'unexpected';

export interface MediaDevice {
  id: string;
  label: string;
}

export interface Devices {
  cameras: MediaDevice[];
  microphones: MediaDevice[];
  /** In use; empty where the browser does not tell. */
  cameraId: string;
  microphoneId: string;
}

export type Phase =
  | { name: 'loading' }
  /** Device check. `ready` once the preview runs. */
  | ({ name: 'checking'; ready: boolean } & Devices)
  /** A try that leaves no trace: recorded into the page's memory, watched, and forgotten. */
  | { name: 'practice'; stage: 'recording' | 'watching' }
  /** Camera and microphone are being asked for, for `question`; `devices`: others may be chosen, since those failed. */
  | { name: 'requesting'; question: number; devices?: Devices }
  /** Time to think before `question` records by itself; how much is left is in `Live`. */
  | { name: 'thinking'; question: number }
  | { name: 'recording'; question: number; takeId: string }
  /** The take is stopped; the next question is shut until the server has it. */
  | { name: 'gate'; question: number; takeId: string; gate: Gate }
  /** What there is of this take is sent, and the candidate chooses meanwhile: keep it, or answer again. */
  | {
      name: 'recovered';
      question: number;
      takeId: string;
      recordedMs: number;
      cause: Cause;
      /** Further takes that the question allows; one that something but the candidate ended costs none. */
      takesLeft: number;
      gate: Gate;
    }
  /** The candidate asked for a pause before the next question: camera and microphone are off. */
  | { name: 'paused' }
  /** All answers are in; the session is being closed. */
  | { name: 'finishing'; gate: Gate }
  | { name: 'finished' };

/**
 * `review`: the question allows another take. `muted`: camera or microphone delivered nothing for a while. `refused`: the
 * server takes it never, or the device has lost it; it can only be answered again.
 */
export type Cause = 'review' | 'reload' | 'interrupted' | 'muted' | 'refused';

export interface Sitting {
  title: string;
  gate: 'each' | 'end';
  questions: Question[];
  /** Indices, from 1, of the questions whose answer the server holds. */
  answered: number[];
  /** Those whose take is whole on this device, for gate `end`. */
  recorded: number[];
  /** The candidate wants a pause before the next question. */
  pausing: boolean;
  /** What the next take is recorded with; null before the uplink was measured. */
  quality: Quality | null;
  /** At the end: what the server holds. Null where it did not say. */
  receipt: SavedReceipt | null;
  phase: Phase;
  alert: Alert | null;
}

/** The server's receipt, with what only this device knows. */
export interface SavedReceipt extends Receipt {
  title: string;
  userName: string;
  /** By question; what another device recorded lacks. */
  recordedMs: Record<number, number>;
}

export type Event =
  /** As the server has it, or as the device remembers that: whatever was known before gives way. */
  | ({ type: 'loaded' } & Pick<Sitting, 'title' | 'gate' | 'questions' | 'answered'>)
  /** The server, or the engine, says which questions are answered; what was confirmed once stays so. */
  | { type: 'answered'; answered: number[] }
  | { type: 'quality'; quality: Quality }
  | { type: 'practice'; stage: 'recording' | 'watching' }
  | { type: 'pausing'; on: boolean }
  | { type: 'paused' }
  | { type: 'thinking' }
  /** The take is whole on the device. */
  | { type: 'kept-whole'; question: number }
  | ({ type: 'recovered'; alert?: Alert } & Omit<Extract<Phase, { name: 'recovered' }>, 'name'>)
  /** The take came to nothing: not a byte was recorded. */
  | { type: 'nothing'; takeId: string; alert: Alert }
  | { type: 'resend'; question: number; takeId: string }
  | { type: 'check' }
  | ({ type: 'devices' } & Devices)
  | { type: 'request' }
  | { type: 'recording'; takeId: string }
  | { type: 'stopped' }
  | { type: 'gate'; takeId: string; gate: Gate }
  | { type: 'keep' }
  | { type: 'again' }
  | { type: 'finishing'; gate: Gate }
  | { type: 'finished'; receipt: SavedReceipt | null }
  | { type: 'alert'; alert: Alert | null };

export const initial: Sitting = {
  title: '',
  gate: 'each',
  questions: [],
  answered: [],
  recorded: [],
  pausing: false,
  quality: null,
  receipt: null,
  phase: { name: 'loading' },
  alert: null,
};

type Progress = Pick<Sitting, 'questions' | 'answered' | 'recorded' | 'gate'>;

/** The first question that is still to be recorded, or null when all are. */
export function nextQuestion(state: Progress): number | null {
  return state.questions.find((question) => !isDone(state, question.index))?.index ?? null;
}

function isDone({ answered, recorded, gate }: Progress, index: number): boolean {
  return answered.includes(index) || (gate === 'end' && recorded.includes(index));
}

/** The question that the page shows, or null outside of questions. */
export function currentQuestion(state: Sitting): Question | null {
  const { phase } = state;
  return 'question' in phase ? (state.questions.find((question) => question.index === phase.question) ?? null) : null;
}

/** Whether nothing is left to answer after `index`: there "Next question" reads "Finish interview". */
export function isLast(state: Progress, index: number): boolean {
  return state.questions.every((question) => question.index === index || isDone(state, question.index));
}

export function reduce(state: Sitting, event: Event): Sitting {
  const { phase } = state;
  const to = (next: Phase, change: Partial<Sitting> = {}): Sitting => ({
    ...state,
    alert: null,
    ...change,
    phase: next,
  });
  switch (event.type) {
    case 'loaded': {
      const { type: _, ...sitting } = event;
      return { ...state, ...sitting, recorded: [] };
    }
    case 'answered':
      return { ...state, answered: union(state.answered, event.answered) };
    case 'alert':
      return { ...state, alert: event.alert };
    case 'quality':
      return { ...state, quality: event.quality };
    case 'pausing':
      return { ...state, pausing: event.on };
    case 'kept-whole':
      return { ...state, recorded: union(state.recorded, [event.question]) };
    case 'check':
      return to({ name: 'checking', ready: false, cameras: [], microphones: [], cameraId: '', microphoneId: '' });
    case 'devices': {
      const { type: _, ...devices } = event;
      if (phase.name === 'requesting') return { ...state, phase: { ...phase, devices } };
      return phase.name === 'checking' ? to({ name: 'checking', ready: true, ...devices }) : state;
    }
    case 'practice':
      return phase.name === 'checking' || phase.name === 'practice'
        ? to({ name: 'practice', stage: event.stage })
        : state;
    case 'recovered': {
      const { type: _, alert = null, ...take } = event;
      return to({ name: 'recovered', ...take }, { alert });
    }
    case 'nothing':
      if ((phase.name !== 'recording' && phase.name !== 'gate') || phase.takeId !== event.takeId) return state;
      return to({ name: 'requesting', question: phase.question }, { alert: event.alert });
    case 'resend':
      return to({ name: 'gate', question: event.question, takeId: event.takeId, gate: { kind: 'uploading' } });
    case 'paused':
      return nextQuestion(state) === null || isBusy(state) ? state : to({ name: 'paused' });
    case 'request':
      return request(state);
    case 'thinking':
      return phase.name === 'requesting' ? to({ name: 'thinking', question: phase.question }) : state;
    case 'recording':
      return phase.name === 'requesting' || phase.name === 'thinking'
        ? // What was said while it began, e.g. that the device is full, is news.
          to({ name: 'recording', question: phase.question, takeId: event.takeId }, { alert: state.alert })
        : state;
    case 'stopped':
      return phase.name === 'recording'
        ? to(
            { name: 'gate', question: phase.question, takeId: phase.takeId, gate: { kind: 'uploading' } },
            { alert: state.alert },
          )
        : state;
    case 'gate':
      return moveGate(state, event.takeId, event.gate);
    case 'keep':
      if (phase.name !== 'recovered' || phase.cause === 'refused') return state;
      return to({ name: 'gate', question: phase.question, takeId: phase.takeId, gate: phase.gate });
    case 'again':
      return phase.name === 'recovered' ? to({ name: 'requesting', question: phase.question }) : state;
    case 'finishing':
      return { ...state, phase: { name: 'finishing', gate: event.gate } };
    case 'finished':
      return to({ name: 'finished' }, { receipt: event.receipt });
  }
}

/** Invariants 1 and 2: a take under way or behind a shut gate is not to be stepped over. */
function isBusy(state: Sitting): boolean {
  const { phase } = state;
  if (phase.name === 'recording') return true;
  return phase.name === 'gate' && phase.gate.kind !== 'open' && !isDone(state, phase.question);
}

function request(state: Sitting): Sitting {
  const { phase } = state;
  if (isBusy(state)) return state;
  // Asked once more for the same question, which after "Answer again" may already count as answered.
  if (phase.name === 'requesting' || phase.name === 'thinking')
    return { ...state, alert: null, phase: { name: 'requesting', question: phase.question } };
  const question = nextQuestion(state);
  if (question === null) return { ...state, phase: { name: 'finishing', gate: { kind: 'uploading' } } };
  return { ...state, alert: null, pausing: false, phase: { name: 'requesting', question } };
}

/** The engine's word on a take: at the gate it moves the page; while the candidate chooses it is only shown. */
function moveGate(state: Sitting, takeId: string, gate: Gate): Sitting {
  const { phase } = state;
  if ((phase.name !== 'gate' && phase.name !== 'recovered') || phase.takeId !== takeId) return state;
  // What the server has confirmed stays confirmed: a late report of the engine must not shut the gate again.
  if (phase.gate.kind === 'open') return state;
  if (gate.kind !== 'open') return { ...state, phase: { ...phase, gate } };
  // Why a recording stopped by itself stays to be read until the candidate has chosen.
  const alert = phase.name === 'recovered' ? state.alert : null;
  return { ...state, answered: union(state.answered, [phase.question]), alert, phase: { ...phase, gate } };
}

function union(some: number[], more: number[]): number[] {
  return [...new Set([...some, ...more])].sort((a, b) => a - b);
}
