/**
 * What the interview and the page ask of each other. The interview knows no view: these types are all that both share.
 */
import type { SoundState } from '../capture/silence-detector.ts';
import type { InterviewState } from './state.ts';

/** What the interview asks of the page that shows it; the view implements it. */
export interface Screen {
  /** Shows a state. May be called at any time, with any state after any other. */
  render(state: InterviewState): void;
  /** Plays a recording, with sound and controls, in the place of the camera's picture; null shows the picture again. */
  playback(recording: Blob | null): void;
}

/** What the candidate can do. Each action is called from a control that is shown only where the action makes sense. */
export interface Actions {
  /** Agrees to what the interview asks before the camera opens. */
  agree(): void;
  /** Leaves the device check for the first question. Where no voice was heard, asks once before. */
  start(): void;
  /** Goes back to the device check, to be heard before the start. */
  speakFirst(): void;
  /** Answers by voice alone from now on, or with the camera again. */
  voiceAlone(on: boolean): void;
  /** Begins the practice question, also once more. */
  practise(): void;
  /** Ends the recording of the practice question, and plays it. */
  stopPractice(): void;
  /** Goes back to the device check; the practice recording is forgotten. */
  leavePractice(): void;
  /** Ends the time to read and to think. */
  answerNow(): void;
  /** Ends the answer. An answer that has hardly begun: asks first. */
  next(): void;
  /** Goes on with the very short answer that the page asks about. */
  goOn(): void;
  /** Ends the very short answer that the page asks about. */
  endShort(): void;
  /** Asks for a pause before the next question, or takes the wish back. */
  pause(on: boolean): void;
  /** Ends the pause. */
  resume(): void;
  /** Sends at once what waits for its next attempt. */
  retry(): void;
  /** Keeps the take that the page asks about. */
  keep(): void;
  /** Answers the question again, instead of the take that the page asks about. */
  again(): void;
  /** `id`: the browser's deviceId. */
  chooseCamera(id: string): void;
  /** `id`: the browser's deviceId. */
  chooseMicrophone(id: string): void;
  /** Asks for camera and microphone again, or repeats what the alert is about. */
  askAgain(): void;
  /** The candidate follows the page's link to the log-in: the browser must not ask whether to stay. */
  leave(): void;
  /** Saves the takes that the server does not hold yet as files. */
  saveCopies(): void;
  /** The candidate's link, for another device. It holds the token: in its fragment, which no browser sends to a server. */
  linkForAnotherDevice(): string;
  /** Continues the session on this device again. */
  continueHere(): void;
  /** Answers the question here that is awaited from another device. */
  answerHere(): void;
  /** Saves the receipt as a file. */
  saveReceipt(): void;
}

/** What changes all the time and is therefore not part of the state. The view never shows it in a live region. */
export interface Live {
  /** Length of the take or practice that is being recorded. */
  elapsedMs: number;
  /** Time left to the answer's limit; null outside of a recording. */
  leftMs: number | null;
  /** Time left to read or to think; null outside of these times. */
  thinkLeftMs: number | null;
  /** Loudness of the microphone, 0 to 1. */
  level: number;
  /** What the microphone has brought so far. */
  sound: SoundState;
  /** Bytes of the newest take (or, at the end, of all takes that are not sent) that the recorder has delivered. */
  recordedBytes: number;
  /** The part of `recordedBytes` that the device keeps. */
  persistedBytes: number;
  /** The part of `recordedBytes` that the server has confirmed. */
  ackedBytes: number;
  /** How fast the uplink carried the latest bytes, in kbit/s; null before it was measured. */
  uplinkKbps: number | null;
  /** `stalled`: the request in flight has moved no byte for 3 s. */
  network: 'online' | 'stalled' | 'offline';
  /** The status by which something on the way refuses the uploads, e.g. 405; null where nothing does. */
  obstacle: number | null;
  /** The browser goes on sending when the page is closed. */
  sentWhenClosed?: boolean;
}
