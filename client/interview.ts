/**
 * The sitting as a pure state machine: (state, event) -> state. No DOM, no fetch, no clock.
 *
 * Invariants:
 * 1. A question opens only when the gate of the one before it is open (the server holds the answer, digests equal).
 * 2. A take that was recorded is never dropped: only `gate-open` and a digest the server confirmed end it.
 * 3. Every phase has a way on: a button, a timer or an event of the engine.
 */
import type { Question } from '../server/wire.ts';

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
  | 'signed-out' // 401: token expired or revoked
  | 'digest-mismatch' // the server holds other bytes
  | 'no-connection' // the server can't be reached: it is tried again
  | 'second-tab' // another tab holds this session
  | 'not-kept' // the device's store can't be used: what is not sent lives as long as the page
  | 'refused' // any other final refusal of the server: detail says what
  | 'unexpected';

export interface MediaDevice {
  id: string;
  label: string;
}

export type Phase =
  | { name: 'loading' }
  /** Device check. `ready` once the preview runs. */
  | {
      name: 'checking';
      ready: boolean;
      cameras: MediaDevice[];
      microphones: MediaDevice[];
      cameraId: string;
      microphoneId: string;
    }
  /** Camera and microphone are being asked for, for `question`. */
  | { name: 'requesting'; question: number }
  | { name: 'recording'; question: number; takeId: string }
  /** The take is stopped; the next question is shut until the server has it. */
  | { name: 'gate'; question: number; takeId: string; gate: Gate }
  /** Something but the candidate ended this take; what there is is sent. The candidate chooses: keep it, or answer again. */
  | { name: 'recovered'; question: number; takeId: string; recordedMs: number; cause: Cause; gate: Gate }
  /** All answers are in; the session is being closed. */
  | { name: 'finishing'; gate: Gate }
  | { name: 'finished' };

/** `refused`: the server takes it never; it can't be kept, only answered again. */
export type Cause = 'reload' | 'interrupted' | 'refused';

export interface Sitting {
  title: string;
  questions: Question[];
  /** Indices, from 1, of the questions whose answer the server holds. */
  answered: number[];
  phase: Phase;
  alert: Alert | null;
}

export type Event =
  | { type: 'loaded'; title: string; questions: Question[]; answered: number[] }
  | ({ type: 'recovered'; alert?: Alert } & Omit<Extract<Phase, { name: 'recovered' }>, 'name'>)
  /** The take came to nothing: not a byte was recorded. */
  | { type: 'nothing'; takeId: string; alert: Alert }
  | { type: 'resend'; question: number; takeId: string }
  | { type: 'check' }
  | { type: 'devices'; cameras: MediaDevice[]; microphones: MediaDevice[]; cameraId: string; microphoneId: string }
  | { type: 'request' }
  | { type: 'recording'; takeId: string }
  | { type: 'stopped' }
  | { type: 'gate'; takeId: string; gate: Gate }
  | { type: 'keep' }
  | { type: 'again' }
  | { type: 'finishing'; gate: Gate }
  | { type: 'finished' }
  | { type: 'alert'; alert: Alert | null };

export const initial: Sitting = { title: '', questions: [], answered: [], phase: { name: 'loading' }, alert: null };

/** The first question without an answer, or null when all are in. */
export function nextQuestion(state: Pick<Sitting, 'questions' | 'answered'>): number | null {
  return state.questions.find((question) => !state.answered.includes(question.index))?.index ?? null;
}

/** The question that the page shows, or null outside of questions. */
export function currentQuestion(state: Sitting): Question | null {
  const { phase } = state;
  return 'question' in phase ? (state.questions.find((question) => question.index === phase.question) ?? null) : null;
}

/** Whether nothing is left to answer after `index`: there "Next question" reads "Finish interview". */
export function isLast({ questions, answered }: Pick<Sitting, 'questions' | 'answered'>, index: number): boolean {
  return questions.every((question) => question.index === index || answered.includes(question.index));
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
    case 'loaded':
      return { ...state, title: event.title, questions: event.questions, answered: event.answered };
    case 'alert':
      return { ...state, alert: event.alert };
    case 'check':
      return to({ name: 'checking', ready: false, cameras: [], microphones: [], cameraId: '', microphoneId: '' });
    case 'devices': {
      if (phase.name !== 'checking') return state;
      const { type: _, ...devices } = event;
      return to({ name: 'checking', ready: true, ...devices });
    }
    case 'recovered': {
      const { type: _, alert = null, ...take } = event;
      return to({ name: 'recovered', ...take }, { alert });
    }
    case 'nothing':
      if ((phase.name !== 'recording' && phase.name !== 'gate') || phase.takeId !== event.takeId) return state;
      return to({ name: 'requesting', question: phase.question }, { alert: event.alert });
    case 'resend':
      return to({ name: 'gate', question: event.question, takeId: event.takeId, gate: { kind: 'uploading' } });
    case 'request':
      return request(state);
    case 'recording':
      return phase.name === 'requesting'
        ? to({ name: 'recording', question: phase.question, takeId: event.takeId })
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
      return to({ name: 'finished' });
  }
}

function request(state: Sitting): Sitting {
  const { phase } = state;
  // Invariants 1 and 2: a take under way or behind a shut gate is not to be stepped over.
  if (phase.name === 'recording' || (phase.name === 'gate' && phase.gate.kind !== 'open')) return state;
  // Asked once more for the same question, which after "Answer again" may already count as answered.
  if (phase.name === 'requesting') return { ...state, alert: null };
  const question = nextQuestion(state);
  if (question === null) return { ...state, phase: { name: 'finishing', gate: { kind: 'uploading' } } };
  return { ...state, alert: null, phase: { name: 'requesting', question } };
}

/** The engine's word on a take: at the gate it moves the page; while the candidate chooses it is only shown. */
function moveGate(state: Sitting, takeId: string, gate: Gate): Sitting {
  const { phase } = state;
  if ((phase.name !== 'gate' && phase.name !== 'recovered') || phase.takeId !== takeId) return state;
  // What the server has confirmed stays confirmed: a late report of the engine must not shut the gate again.
  if (phase.gate.kind === 'open') return state;
  if (gate.kind !== 'open') return { ...state, phase: { ...phase, gate } };
  const answered = state.answered.includes(phase.question)
    ? state.answered
    : [...state.answered, phase.question].sort((a, b) => a - b);
  // Why a recording stopped by itself stays to be read until the candidate has chosen.
  const alert = phase.name === 'recovered' ? state.alert : null;
  return { ...state, answered, alert, phase: { ...phase, gate } };
}
