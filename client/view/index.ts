/**
 * State -> DOM. The view keeps no state of the interview: `render` may be called at any time, with any state after any
 * other.
 */
import { type BrowserKind, browserKind } from '../i18n/failures/browser-kind.ts';
import type { Messages } from '../i18n/index.ts';
import type { Actions, Live, Screen } from '../interview/actions.ts';
import type { InterviewState } from '../interview/state.ts';
import { systemTimers, type Timers } from '../timers.ts';
import { createAnotherDevice } from './another-device.ts';
import { createButtonRest } from './button-rest.ts';
import { createClock } from './clock.ts';
import { createConsentForm, createConsentWords } from './consent.ts';
import { createCheckControls, createCheckWords } from './device-check.ts';
import { h, isReachable } from './dom.ts';
import { createElsewhere } from './elsewhere.ts';
import { createEnding } from './ending.ts';
import { createFacts, createLimits } from './facts.ts';
import { createGate } from './gate.ts';
import { createHints } from './hints.ts';
import { createNotice } from './notice.ts';
import { createAboutPart } from './organization.ts';
import { createPaused, createPauseToggle } from './pause.ts';
import { createPracticeControls, createPracticeWords } from './practice.ts';
import { createQuestionControls, createQuestionWords } from './question.ts';
import { createRecovered } from './recovered.ts';
import { createStage } from './stage.ts';
import { createStatus } from './status.ts';
import { createSteps } from './steps.ts';
import { createVoiceChoice } from './voice-choice.ts';

/** The view as the page uses it. */
export interface View extends Screen {
  live(live: Live): void;
  /** The picture that the candidate sees of themselves; null takes it away. */
  preview(stream: MediaStream | null): void;
  /** The element that shows it. */
  readonly picture: HTMLVideoElement;
}

/** What a view is created with, besides its words. */
interface ViewOptions {
  /** Decides which steps explain how to allow the camera. */
  browser?: BrowserKind;
  timers?: Timers;
  /** The picture of the view in another language that stood here before, with the same state: the focus stays where it is. */
  picture?: HTMLVideoElement | undefined;
}

/** Fills `root`, which belongs to the view from then on. */
export function createView(
  root: HTMLElement,
  messages: Messages,
  actions: Actions,
  {
    browser = browserKind(navigator.userAgent, navigator.maxTouchPoints),
    timers = systemTimers,
    picture,
  }: ViewOptions = {},
): View {
  const checkWords = createCheckWords(messages);
  const questionWords = createQuestionWords(messages);
  const practiceWords = createPracticeWords(messages);
  const paused = createPaused(messages, actions);
  const ending = createEnding(messages, actions);
  const elsewhere = createElsewhere(messages, actions);
  const gate = createGate(messages, actions);
  const stage = createStage(messages, picture);
  const steps = createSteps(messages);
  const status = createStatus(messages);
  const notice = createNotice(messages, actions, browser);
  const voiceChoice = createVoiceChoice(messages, actions);
  const recovered = createRecovered(messages, actions);
  const consentWords = createConsentWords(messages);
  const consent = createConsentForm(messages, actions);
  const facts = createFacts(messages);
  const limits = createLimits(messages);
  const clock = createClock(messages);
  const reading = [
    consentWords,
    checkWords,
    facts,
    consent,
    practiceWords,
    questionWords,
    limits,
    recovered,
    paused,
    elsewhere,
    ending,
  ];
  const check = createCheckControls(messages, actions);
  const doing = [
    gate,
    check,
    createAboutPart(messages),
    createPauseToggle(messages, actions),
    createAnotherDevice(messages, actions),
  ];
  const onward = [
    createHints(messages),
    createPracticeControls(messages, actions),
    createQuestionControls(messages, actions),
  ];
  const parts = [steps, status, clock, notice, voiceChoice, ...reading, stage, ...doing, ...onward];
  const panel = h(
    'div',
    { class: 'panel' },
    h('div', { class: 'reading' }, ...reading.map((part) => part.element)),
    stage.element,
    h('div', { class: 'doing' }, ...doing.map((part) => part.element)),
  );
  const now = h('div', { class: 'now' }, clock.element, status.element);
  // The last child of the page: however long the page is, these buttons stay at the lower edge of the screen.
  const dock = h('div', { class: 'dock' }, ...onward.map((part) => part.element));
  dock.append(...[consent, check, gate, recovered, paused].map((part) => part.onward));
  root.replaceChildren(steps.element, now, notice.element, voiceChoice.element, panel, dock);

  const headings = [
    gate.heading,
    ...[recovered, consentWords, checkWords, practiceWords, questionWords, paused, elsewhere, ending].map(
      (part) => part.heading,
    ),
  ];
  const rest = createButtonRest(root, timers);
  /** Null: the place is the one that stood here before. */
  let place = picture ? null : '';
  return {
    render(state) {
      const focused = root.contains(document.activeElement) ? document.activeElement : null;
      for (const part of parts) part.render(state);
      root.dataset.screen = state.phase.name;
      root.toggleAttribute('data-pictured', !stage.element.hidden);
      const before = place ?? placeOf(state);
      place = placeOf(state);
      rest.renew(place);
      const title = headings.find((heading) => heading !== gate.heading && isReachable(heading));
      document.title = [title?.textContent, state.title || 'TresGo'].filter(Boolean).join(' · ');
      // A dialog has taken the focus, or has given it back.
      if (document.activeElement !== focused && root.contains(document.activeElement)) return;
      // A new place is read from its heading on. Elsewhere the focus moves only if its control is gone.
      if (place !== before && place !== '') title?.focus();
      else if (focused !== null && !isReachable(focused) && document.activeElement === focused)
        headings.find(isReachable)?.focus();
    },
    live(live) {
      root.style.setProperty('--level', live.level.toFixed(3));
      for (const part of parts) part.live?.(live);
    },
    preview(stream) {
      stage.preview(stream);
    },
    picture: stage.picture,
    playback(recording) {
      stage.playback(recording);
      recovered.playable(recording !== null);
    },
  };
}

/** Equal for states that a candidate sees as one page: each question, each choice, a pause, the practice, and the end. */
function placeOf({ phase }: InterviewState): string {
  if (phase.name === 'recovered') return `recovered ${phase.takeId}`;
  if ('question' in phase) return `question ${phase.question}`;
  return ['consent', 'practice', 'paused', 'elsewhere', 'finished'].includes(phase.name) ? phase.name : '';
}
