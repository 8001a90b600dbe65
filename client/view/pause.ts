/** A pause between two questions: the toggle that asks for it, and its screen. */
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import { isLast, nextQuestion } from '../interview/state.ts';
import { button, h, setAttribute, setText, show } from './dom.ts';
import type { Part } from './part.ts';

/** The toggle "Pause after this answer". */
export function createPauseToggle(messages: Messages, actions: Pick<Actions, 'pause'>): Part {
  let pausing = false;
  const element = button('quiet', messages.question.pause, () => actions.pause(!pausing));
  return {
    element,
    render(state) {
      const { phase } = state;
      pausing = state.pausing;
      setAttribute(element, 'aria-pressed', String(pausing));
      show(element, (phase.name === 'recording' || phase.name === 'gate') && !isLast(state, phase.question));
    },
  };
}

/** The screen of the pause, and, as `onward`, the button that ends it. */
export function createPaused(
  { paused: words }: Messages,
  actions: Pick<Actions, 'resume'>,
): Part & { heading: HTMLElement; onward: HTMLElement } {
  const heading = h('h1', { tabindex: '-1' }, words.heading);
  const next = h('p', { class: 'hint' });
  const onward = h(
    'div',
    { class: 'onward' },
    button('primary', words.resume, () => actions.resume()),
  );
  const element = h('section', { class: 'ending paused' }, heading, h('p', {}, words.text), next);
  return {
    element,
    heading,
    onward,
    render(state) {
      show(element, state.phase.name === 'paused');
      show(onward, state.phase.name === 'paused');
      const index = nextQuestion(state);
      setText(next, index === null ? '' : words.next(index, state.questions.length));
    },
  };
}
