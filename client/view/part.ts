/** What the parts of the page have in common. */
import type { Live } from '../interview/actions.ts';
import { isComing } from '../interview/phase.ts';
import type { InterviewState, Phase } from '../interview/state.ts';

/**
 * A piece of the page. It is created once and then changed in place, so that focus, video and live regions survive.
 * `render` draws a state; `live` draws the figures that change several times a second.
 */
export interface Part {
  readonly element: HTMLElement;
  render(state: InterviewState): void;
  live?(live: Live): void;
}

/** Whether the candidate learns what to expect: nothing has begun yet. */
export function isBeforeStart({ name }: Phase): boolean {
  return name === 'consent' || name === 'checking';
}

/** Whether the candidate is at a question: its text, the picture and its button are shown. */
export function isAnswering(
  phase: Phase,
): phase is Extract<Phase, { name: 'requesting' | 'reading' | 'thinking' | 'counting' | 'recording' | 'gate' }> {
  return isComing(phase) || phase.name === 'recording' || phase.name === 'gate';
}
