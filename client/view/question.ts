/** A question: its number and text, and the one button that continues. */
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import { currentQuestion, isLast } from '../interview/state.ts';
import { button, h, setAttribute, setText, show } from './dom.ts';
import { isAnswering, type Part } from './part.ts';

/** The question's number and text. */
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
      if (state.about.language) setAttribute(text, 'lang', state.about.language);
    },
  };
}

/** One button for "Answer now" and "Next question": the focus stays on the button when the phase changes. */
export function createQuestionControls(messages: Messages, actions: Pick<Actions, 'next' | 'answerNow'>): Part {
  let thinking = false;
  const onward = button('primary', messages.question.next, () => (thinking ? actions.answerNow() : actions.next()));
  const element = h('section', { class: 'controls onward' }, onward);
  return {
    element,
    render(state) {
      const { phase } = state;
      // Where sending has failed, "Retry" takes the place of a button that can't be pressed.
      show(element, isAnswering(phase) && !('gate' in phase && phase.gate.kind === 'failed'));
      if (!isAnswering(phase)) return;
      thinking = phase.name === 'thinking';
      const { finish, next } = messages.question;
      setText(onward, thinking ? messages.thinking.answerNow : isLast(state, phase.question) ? finish : next);
      onward.disabled = phase.name !== 'recording' && !thinking;
    },
  };
}
