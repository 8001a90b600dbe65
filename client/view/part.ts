/** What the parts of the page share: their shape, and what goes in and out of the view. */
import type { Phase, Sitting } from '../interview.ts';

/** What the candidate can do. Each is called from a control that is only there when it makes sense. */
export interface Actions {
  start(): void;
  /** Begins the practice question, or one more of them. */
  practise(): void;
  /** Ends its recording, and shows it. */
  stopPractice(): void;
  /** Back to the device check; what was recorded is gone. */
  leavePractice(): void;
  /** Ends the time to think. */
  answerNow(): void;
  next(): void;
  /** A pause before the next question, or none after all. */
  pause(on: boolean): void;
  /** Ends the pause. */
  resume(): void;
  retry(): void;
  keep(): void;
  again(): void;
  chooseCamera(id: string): void;
  chooseMicrophone(id: string): void;
  /** Asks for camera and microphone again, or repeats whatever the alert spoke of. */
  askAgain(): void;
  /** Goes to the log-in, where the page was told to: nothing asks whether to stay. */
  leave(): void;
  /** What the server does not hold yet, as files for the candidate to keep. */
  saveCopies(): void;
  /** The receipt as a file. */
  saveReceipt(): void;
}

/** What changes many times a second and is no state: never in a live region. */
export interface Live {
  elapsedMs: number;
  /** To the answer's limit; null outside of a recording. */
  leftMs: number | null;
  /** Of the time to think; null outside of it. */
  thinkLeftMs: number | null;
  /** Loudness of the microphone, 0 to 1. */
  level: number;
  /** Whether the microphone brought anything but silence lately; `unknown` in its first seconds. */
  hearing: 'unknown' | 'heard' | 'silent';
  /** Of the newest take: what the recorder handed over, … */
  recordedBytes: number;
  /** … what of it the device keeps, … */
  persistedBytes: number;
  /** … and what the server has confirmed byte by byte. */
  ackedBytes: number;
  /** `stalled`: bytes wait, and none has moved for a while. */
  network: 'online' | 'stalled' | 'offline';
}

/** A piece of the page: made once, then changed in place, so that focus, video and live regions survive. */
export interface Part {
  readonly element: HTMLElement;
  render(state: Sitting): void;
  live?(live: Live): void;
}

/** Whether the candidate is inside a question: its words, its picture and its button are shown. */
export function isAnswering(
  phase: Phase,
): phase is Extract<Phase, { name: 'requesting' | 'thinking' | 'recording' | 'gate' }> {
  return ['requesting', 'thinking', 'recording', 'gate'].includes(phase.name);
}
