/** What the parts of the page share: their shape, and what goes in and out of the view. */
import type { Phase, Sitting } from '../interview.ts';

/** What the candidate can do. Each is called from a control that is only there when it makes sense. */
export interface Actions {
  start(): void;
  next(): void;
  retry(): void;
  keep(): void;
  again(): void;
  chooseCamera(id: string): void;
  chooseMicrophone(id: string): void;
  /** Asks for camera and microphone again, or repeats whatever the alert spoke of. */
  askAgain(): void;
}

/** What changes many times a second and is no state: never in a live region. */
export interface Live {
  elapsedMs: number;
  /** Loudness of the microphone, 0 to 1. */
  level: number;
  recordedBytes: number;
  persistedBytes: number;
  ackedBytes: number;
  online: boolean;
}

/** A piece of the page: made once, then changed in place, so that focus, video and live regions survive. */
export interface Part {
  readonly element: HTMLElement;
  render(state: Sitting): void;
  live?(live: Live): void;
}

/** Whether the candidate is inside a question: its words, its picture and its button are shown. */
export function isAnswering(phase: Phase): phase is Extract<Phase, { name: 'requesting' | 'recording' | 'gate' }> {
  return phase.name === 'requesting' || phase.name === 'recording' || phase.name === 'gate';
}
