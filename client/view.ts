/**
 * State -> DOM. The view keeps no state of the sitting: `render` may be called as often as one likes, with any state
 * after any other.
 */
import type { Messages } from './i18n/index.ts';
import type { Sitting } from './interview.ts';
import { createCheckControls, createCheckWords } from './view/check.ts';
import { h, isReachable } from './view/dom.ts';
import { createEnding } from './view/ending.ts';
import { createGate } from './view/gate.ts';
import { createNotice } from './view/notice.ts';
import type { Actions, Live } from './view/part.ts';
import { createQuestionControls, createQuestionWords } from './view/question.ts';
import { createRecovered } from './view/recovered.ts';
import { createStage } from './view/stage.ts';
import { createStatus } from './view/status.ts';
import { createSteps } from './view/steps.ts';

export type { Actions, Live } from './view/part.ts';

export interface View {
  render(state: Sitting): void;
  live(live: Live): void;
  /** The picture that the candidate sees of themselves; null takes it away. */
  preview(stream: MediaStream | null): void;
}

/** Fills `root`, which it owns from then on. */
export function createView(root: HTMLElement, messages: Messages, actions: Actions): View {
  const checkWords = createCheckWords(messages);
  const questionWords = createQuestionWords(messages);
  const ending = createEnding(messages);
  const gate = createGate(messages, actions);
  const stage = createStage(messages);
  const steps = createSteps(messages);
  const status = createStatus(messages);
  const notice = createNotice(messages, actions);
  const recovered = createRecovered(messages, actions);
  const checkControls = createCheckControls(messages, actions);
  const questionControls = createQuestionControls(messages, actions);
  const parts = [steps, status, notice, checkWords, questionWords, recovered, ending, stage];
  const below = [gate, checkControls, questionControls];
  const panel = h(
    'div',
    { class: 'panel' },
    h('div', { class: 'reading' }, checkWords.element, questionWords.element, recovered.element, ending.element),
    stage.element,
    h('div', { class: 'doing' }, ...below.map((part) => part.element)),
  );
  root.replaceChildren(steps.element, status.element, notice.element, panel);

  const headings = [gate.heading, checkWords.heading, questionWords.heading, ending.heading];
  let place = '';
  return {
    render(state) {
      const focused = root.contains(document.activeElement) ? document.activeElement : null;
      for (const part of [...parts, ...below]) part.render(state);
      root.dataset.screen = state.phase.name;
      const before = place;
      place = placeOf(state);
      const title = headings.find((heading) => heading !== gate.heading && isReachable(heading));
      document.title = [title?.textContent, state.title || 'TresGo'].filter(Boolean).join(' · ');
      // A new place is read from its top. Elsewhere focus moves only if its control went away under it.
      if (place !== before && place !== '') title?.focus();
      else if (focused !== null && !isReachable(focused)) headings.find(isReachable)?.focus();
    },
    live(live) {
      root.style.setProperty('--level', live.level.toFixed(3));
      for (const part of [...parts, ...below]) part.live?.(live);
    },
    preview(stream) {
      stage.preview(stream);
    },
  };
}

/** What a sighted person takes for "another page": each question, and the end. */
function placeOf({ phase }: Sitting): string {
  if ('question' in phase) return `question ${phase.question}`;
  return phase.name === 'finished' ? 'finished' : '';
}
