/** Where the candidate is in the interview. */
import type { Devices } from '../capture/devices.ts';
import type { Gate } from '../upload/events.ts';
import type { FinishedBefore } from './about.ts';

/** Where the candidate is in the interview. Questions count from 1. */
export type Phase =
  | { name: 'loading' }
  /** The candidate reads what to agree to, or has agreed and the server is told. Camera and microphone are off. */
  | { name: 'consent'; stage: 'asking' | 'sending' }
  /** The device check. `ready`: the preview runs. `asking`: whether to start although no voice was heard. */
  | ({ name: 'checking'; ready: boolean; asking?: boolean } & Devices)
  /** The practice question, which leaves no trace: recorded into the page's memory, watched, and forgotten. */
  | { name: 'practice'; stage: 'recording' | 'watching' }
  | { name: 'practice'; stage: 'counting'; seconds: number }
  /**
   * The page asks for camera and microphone, to record `question`. `devices`: those failed, and others may be chosen.
   */
  | { name: 'requesting'; question: number; devices?: Devices }
  /** The time to read `question` and then to think, before it records by itself; `Live` has the time left. */
  | { name: 'reading' | 'thinking'; question: number }
  /** The last seconds before `question` records: how many are left, from 3 to 1. */
  | { name: 'counting'; question: number; seconds: number }
  /** `short`: the candidate wants to end an answer that has hardly begun, and is asked whether that is meant. */
  | { name: 'recording'; question: number; takeId: string; short?: boolean }
  /** The take is stopped; the next question is shut until the server holds the take. */
  | { name: 'gate'; question: number; takeId: string; gate: Gate }
  /** The candidate decides on this take: keep it, or answer again. The take is sent meanwhile. */
  | {
      name: 'recovered';
      question: number;
      takeId: string;
      recordedMs: number;
      /** How long the candidate spoke by the page's clock, where this page knows. */
      spokenMs?: number;
      cause: Cause;
      /** How many takes the question still allows; a take that the candidate did not end is not counted. */
      takesLeft: number;
      gate: Gate;
    }
  /** The candidate asked for a pause before the next question: camera and microphone are off. */
  | { name: 'paused' }
  /** The answer to `question` is on its way from another device: it is waited for. */
  | { name: 'awaiting'; question: number }
  /** The session goes on on another device; this one sends what it holds. `unsent`: the takes that have not arrived. */
  | { name: 'elsewhere'; unsent: number }
  /** All answers are recorded; the session is being closed. */
  | { name: 'finishing'; gate: Gate }
  /** `earlier`: it was finished before this page came, which has no receipt of it. */
  | { name: 'finished'; earlier?: FinishedBefore };

/**
 * Why the candidate decides on a take. `review`: the question allows another take. `reload`: a reload or a crash cut the
 * take. `interrupted`: the recorder or a device ended the take. `muted`: camera or microphone delivered nothing for a while.
 * `short`: much of what the candidate said was not recorded.
 * `refused`: the server refused the take for good, or the device has lost it; the question can only be answered again.
 */
export type Cause = 'review' | 'reload' | 'interrupted' | 'muted' | 'short' | 'refused';

/** Whether the question is shown and does not record yet. */
export function isComing(
  phase: Phase,
): phase is Extract<Phase, { name: 'requesting' | 'reading' | 'thinking' | 'counting' }> {
  return ['requesting', 'reading', 'thinking', 'counting'].includes(phase.name);
}
