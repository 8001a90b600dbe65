/**
 * State -> DOM. The view keeps no state of the sitting: `render` may be called as often as one likes, with any state
 * after any other.
 */
import type { Messages } from './i18n/index.ts';
import type { Sitting } from './interview.ts';
import { type BrowserKind, browserKind } from './view/browser-kind.ts';
import { createCheckControls, createCheckWords } from './view/check.ts';
import { h, isReachable } from './view/dom.ts';
import { createEnding } from './view/ending.ts';
import { createGate } from './view/gate.ts';
import { createHints } from './view/hints.ts';
import { createNotice } from './view/notice.ts';
import type { Actions, Live } from './view/part.ts';
import { createPaused } from './view/paused.ts';
import { createPracticeControls, createPracticeWords } from './view/practice.ts';
import { createPauseToggle, createQuestionControls, createQuestionWords } from './view/question.ts';
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
  /** Plays a recording, with sound and controls, where the picture is; null = back to that. */
  playback(recording: Blob | null): void;
}

/** Fills `root`, which it owns from then on. `browser` decides how to allow the camera is explained. */
export function createView(
  root: HTMLElement,
  messages: Messages,
  actions: Actions,
  browser: BrowserKind = browserKind(navigator.userAgent, navigator.maxTouchPoints),
): View {
  const checkWords = createCheckWords(messages);
  const questionWords = createQuestionWords(messages);
  const practiceWords = createPracticeWords(messages);
  const paused = createPaused(messages, actions);
  const ending = createEnding(messages, actions);
  const gate = createGate(messages, actions);
  const stage = createStage(messages);
  const steps = createSteps(messages);
  const status = createStatus(messages);
  const notice = createNotice(messages, actions, browser);
  const recovered = createRecovered(messages, actions);
  const reading = [checkWords, practiceWords, questionWords, recovered, paused, ending];
  const doing = [
    createHints(messages),
    gate,
    createCheckControls(messages, actions),
    createPracticeControls(messages, actions),
    createPauseToggle(messages, actions),
    createQuestionControls(messages, actions),
  ];
  const parts = [steps, status, notice, ...reading, stage, ...doing];
  const panel = h(
    'div',
    { class: 'panel' },
    h('div', { class: 'reading' }, ...reading.map((part) => part.element)),
    stage.element,
    h('div', { class: 'doing' }, ...doing.map((part) => part.element)),
  );
  root.replaceChildren(steps.element, status.element, notice.element, panel);

  const headings = [
    gate.heading,
    ...[recovered, checkWords, practiceWords, questionWords, paused, ending].map((part) => part.heading),
  ];
  let place = '';
  return {
    render(state) {
      const focused = root.contains(document.activeElement) ? document.activeElement : null;
      for (const part of parts) part.render(state);
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
      for (const part of parts) part.live?.(live);
    },
    preview(stream) {
      stage.preview(stream);
    },
    playback(recording) {
      stage.playback(recording);
      recovered.playable(recording !== null);
    },
  };
}

/** What a sighted person takes for "another page": each question, a choice to make, what lies between them, and the end. */
function placeOf({ phase }: Sitting): string {
  if (phase.name === 'recovered') return `recovered ${phase.takeId}`;
  if ('question' in phase) return `question ${phase.question}`;
  return ['practice', 'paused', 'finished'].includes(phase.name) ? phase.name : '';
}
