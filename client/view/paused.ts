/** A break between two questions. */
import type { Messages } from '../i18n/index.ts';
import { nextQuestion } from '../interview.ts';
import { button, h, setText, show } from './dom.ts';
import type { Actions, Part } from './part.ts';

export function createPaused(
  { paused: words }: Messages,
  actions: Pick<Actions, 'resume'>,
): Part & { heading: HTMLElement } {
  const heading = h('h1', { tabindex: '-1' }, words.heading);
  const next = h('p', { class: 'hint' });
  const resume = button('primary', words.resume, () => actions.resume());
  const element = h('section', { class: 'ending paused' }, heading, h('p', {}, words.text), next, resume);
  return {
    element,
    heading,
    render(state) {
      show(element, state.phase.name === 'paused');
      const index = nextQuestion(state);
      setText(next, index === null ? '' : words.next(index, state.questions.length));
    },
  };
}
