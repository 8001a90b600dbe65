/**
 * The interview as a pure state machine: (state, event) -> state. No DOM, no fetch, no clock.
 *
 * Invariants:
 * 1. With gate `each`, a question opens only when the gate of the question before it is open: the server holds the answer,
 *    with an equal digest. With gate `end`, it opens when the take before it is whole on the device, and the candidate
 *    waits at the gates before the finish.
 * 2. A recorded take is dropped only when its gate is open (the server confirmed an equal digest), or when the candidate
 *    answers again after a final refusal.
 * 3. Each phase can be left: by a button, a timer or an event of the upload engine.
 */
import type { Question } from '../../server/wire.ts';
import type { Devices } from '../capture/devices.ts';
import type { Quality } from '../capture/quality.ts';
import type { Gate } from '../upload/events.ts';
import { type About, type FinishedBefore, type SavedReceipt, unknownAbout } from './about.ts';
import type { Alert, Hint } from './alert-codes.ts';
import { isComing, type Phase } from './phase.ts';
import { isDone, nextQuestion, type OtherDevices, oneDevice, union } from './progress.ts';

export type { SavedReceipt } from './about.ts';
export type { Alert, AlertCode, Hint } from './alert-codes.ts';
export type { Cause, Phase } from './phase.ts';
export { currentQuestion, heldQuestion, isLast, nextQuestion } from './progress.ts';

/** The state of the page. */
export interface InterviewState extends OtherDevices {
  title: string;
  /** Who asks, for whom, and until when. */
  about: About;
  /** Where the candidate waits until the server holds the answers: after each question, or at the end. */
  gate: 'each' | 'end';
  questions: Question[];
  /** The largest answer that the server takes, in bytes; null where it told none. */
  maxBytes: number | null;
  /** Whether the candidate may answer by voice alone. */
  allowAudioOnly: boolean;
  /** The candidate answers by voice alone: the camera is not asked for. */
  voiceAlone: boolean;
  /** What the uplink carried at the device check, in kbit/s; null before it was measured, and where it could not be. */
  uplinkKbps: number | null;
  /** What the device check suggests. None of it stops the start. */
  hints: readonly Hint[];
  /** Questions, from 1, whose answer the server holds. */
  answered: number[];
  /** Questions, from 1, whose take is whole on this device, for gate `end`. */
  recorded: number[];
  /** How many takes the candidate has ended on this device, by question. */
  takesUsed: Record<number, number>;
  /** The candidate wants a pause before the next question. */
  pausing: boolean;
  /** What the next take is recorded with; null before the uplink was measured. */
  quality: Quality | null;
  /** At the end: what the server holds. Null where the server sent no receipt. */
  receipt: SavedReceipt | null;
  phase: Phase;
  alert: Alert | null;
}

/** What can happen. */
export type Event =
  /** The interview as the server, or the device's memory, has it: replaces what was known before. */
  | ({ type: 'loaded' } & Pick<InterviewState, 'title' | 'gate' | 'questions' | 'answered'> &
      Partial<Pick<InterviewState, 'maxBytes' | 'allowAudioOnly' | 'about' | 'takesUsed'>>)
  /** The server, or the upload engine, names questions that are answered; an answer once confirmed stays confirmed. */
  | { type: 'consent'; stage: 'asking' | 'sending' }
  | ({ type: 'answered'; answered: number[] } & Partial<Omit<OtherDevices, 'held'>>)
  | { type: 'held'; held: number[] }
  | { type: 'take-used'; question: number }
  | { type: 'awaiting'; question: number }
  | { type: 'elsewhere'; unsent: number }
  | { type: 'quality'; quality: Quality }
  | { type: 'uplink'; kbps: number | null }
  | { type: 'voice-alone'; on: boolean }
  | { type: 'hints'; hints: readonly Hint[] }
  | { type: 'unheard'; asking: boolean }
  | { type: 'practice'; stage: 'recording' | 'watching' }
  | { type: 'practice'; stage: 'counting'; seconds: number }
  | { type: 'pausing'; on: boolean }
  | { type: 'paused' }
  | { type: 'reading' | 'thinking' }
  | { type: 'counting'; seconds: number }
  /** The take is whole on the device. */
  | { type: 'kept-whole'; question: number }
  | ({ type: 'recovered'; alert?: Alert } & Omit<Extract<Phase, { name: 'recovered' }>, 'name'>)
  /** The take ended with nothing, or next to nothing: the question is recorded again. */
  | { type: 'nothing'; takeId: string; alert: Alert }
  | { type: 'resend'; question: number; takeId: string }
  | { type: 'check' }
  | ({ type: 'devices' } & Devices)
  | { type: 'request' }
  | { type: 'recording'; takeId: string }
  /** The candidate wants to end a very short answer (true), or goes on with it. */
  | { type: 'short'; short: boolean }
  | { type: 'stopped' }
  | { type: 'gate'; takeId: string; gate: Gate }
  | { type: 'keep' }
  | { type: 'again' }
  | { type: 'finishing'; gate: Gate }
  | { type: 'finished'; receipt: SavedReceipt | null; earlier?: FinishedBefore | null }
  | { type: 'alert'; alert: Alert | null };

/** The state of a page that has just been loaded. */
export const initial: InterviewState = {
  ...oneDevice,
  title: '',
  about: unknownAbout,
  gate: 'each',
  questions: [],
  maxBytes: null,
  allowAudioOnly: false,
  voiceAlone: false,
  uplinkKbps: null,
  hints: [],
  answered: [],
  recorded: [],
  takesUsed: {},
  pausing: false,
  quality: null,
  receipt: null,
  phase: { name: 'loading' },
  alert: null,
};

/** The state after the event; the same object where the event changes nothing. */
export function reduce(state: InterviewState, event: Event): InterviewState {
  const { phase } = state;
  const to = (next: Phase, change: Partial<InterviewState> = {}): InterviewState => ({
    ...state,
    alert: null,
    ...change,
    phase: next,
  });
  switch (event.type) {
    case 'loaded': {
      const { type: _, ...interview } = event;
      return { ...state, ...interview, recorded: [] };
    }
    case 'answered': {
      const { type: _, answered, ...devices } = event;
      return { ...state, ...devices, answered: union(state.answered, answered) };
    }
    case 'held':
      return { ...state, held: event.held };
    case 'take-used': {
      const used = (state.takesUsed[event.question] ?? 0) + 1;
      return { ...state, takesUsed: { ...state.takesUsed, [event.question]: used } };
    }
    case 'awaiting':
      return isBusy(state) ? state : to({ name: 'awaiting', question: event.question });
    case 'elsewhere':
      if (phase.name === 'recording') return state;
      // What is wrong with a take that is still sent stays on the page.
      return to(
        { name: 'elsewhere', unsent: event.unsent },
        { alert: phase.name === 'elsewhere' ? state.alert : null },
      );
    case 'alert':
      return { ...state, alert: event.alert };
    case 'quality':
      return { ...state, quality: event.quality };
    case 'uplink':
      return { ...state, uplinkKbps: event.kbps };
    case 'hints':
      return { ...state, hints: event.hints };
    case 'unheard':
      return phase.name === 'checking' ? { ...state, phase: { ...phase, asking: event.asking } } : state;
    case 'voice-alone':
      return state.phase.name === 'recording' ? state : { ...state, voiceAlone: event.on && state.allowAudioOnly };
    case 'consent':
      return to({ name: 'consent', stage: event.stage });
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
    case 'practice': {
      const { type: _, ...stage } = event;
      return phase.name === 'checking' || phase.name === 'practice' ? to({ name: 'practice', ...stage }) : state;
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
    case 'paused':
      return nextQuestion(state) === null || isBusy(state) ? state : to({ name: 'paused' });
    case 'request':
      return request(state);
    case 'reading':
    case 'thinking':
      return isComing(phase) ? to({ name: event.type, question: phase.question }) : state;
    case 'counting':
      return isComing(phase)
        ? to({ name: 'counting', question: phase.question, seconds: event.seconds }, { alert: state.alert })
        : state;
    case 'recording':
      return isComing(phase)
        ? // An alert that came while the take began, e.g. that the device is full, is still to be read.
          to({ name: 'recording', question: phase.question, takeId: event.takeId }, { alert: state.alert })
        : state;
    case 'short':
      return phase.name === 'recording' ? { ...state, phase: { ...phase, short: event.short } } : state;
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
      return to(event.earlier ? { name: 'finished', earlier: event.earlier } : { name: 'finished' }, {
        receipt: event.receipt,
        about: event.receipt?.about ?? state.about,
      });
  }
}

/** Invariants 1 and 2: no event may pass over a take that is being recorded or waits at a shut gate. */
function isBusy(state: InterviewState): boolean {
  const { phase } = state;
  if (phase.name === 'recording') return true;
  return phase.name === 'gate' && phase.gate.kind !== 'open' && !isDone(state, phase.question);
}

function request(state: InterviewState): InterviewState {
  const { phase } = state;
  if (isBusy(state)) return state;
  // The same question again: after "Answer again" it may already count as answered.
  if (isComing(phase)) return { ...state, alert: null, phase: { name: 'requesting', question: phase.question } };
  const question = nextQuestion(state);
  if (question === null) return { ...state, phase: { name: 'finishing', gate: { kind: 'uploading' } } };
  return { ...state, alert: null, pausing: false, phase: { name: 'requesting', question } };
}

/**
 * The upload engine reports a take's gate: at the gate the page moves; while the candidate decides, the gate is only
 * shown.
 */
function moveGate(state: InterviewState, takeId: string, gate: Gate): InterviewState {
  const { phase } = state;
  if ((phase.name !== 'gate' && phase.name !== 'recovered') || phase.takeId !== takeId) return state;
  // What the server has confirmed stays confirmed: a late event of the engine must not shut the gate again.
  if (phase.gate.kind === 'open') return state;
  if (gate.kind !== 'open') return { ...state, phase: { ...phase, gate } };
  // Why a recording stopped by itself stays on the page until the candidate has decided.
  const alert = phase.name === 'recovered' ? state.alert : null;
  return { ...state, answered: union(state.answered, [phase.question]), alert, phase: { ...phase, gate } };
}
