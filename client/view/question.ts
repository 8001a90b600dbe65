/** A question: its number and words, and the one button that ends the answer. */
import type { Messages } from '../i18n/index.ts';
import { currentQuestion, isLast } from '../interview.ts';
import { button, h, setText, show } from './dom.ts';
import type { Actions, Part } from './part.ts';
import { isAnswering } from './part.ts';

export function createQuestionWords(messages: Messages): Part & { heading: HTMLElement } {
  const heading = h('h1', { class: 'eyebrow', tabindex: '-1', 'aria-describedby': 'question-text' });
  const text = h('p', { class: 'question-text', id: 'question-text' });
  const element = h('section', { class: 'words question' }, heading, text);
  return {
    element,
    heading,
    render(state) {
      const question = currentQuestion(state);
      show(element, question !== null);
      if (question === null) return;
      setText(heading, messages.question.heading(question.index, state.questions.length));
      setText(text, question.text);
    },
  };
}

export function createQuestionControls(messages: Messages, actions: Pick<Actions, 'next'>): Part {
  const next = button('primary', messages.question.next, () => actions.next());
  const element = h('section', { class: 'controls onward' }, next);
  return {
    element,
    render(state) {
      const { phase } = state;
      show(element, isAnswering(phase));
      if (!isAnswering(phase)) return;
      setText(next, isLast(state, phase.question) ? messages.question.finish : messages.question.next);
      next.disabled = phase.name !== 'recording';
    },
  };
}
