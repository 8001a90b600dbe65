/** A question: its number and words, the one button that goes on, and the wish for a pause. */
import type { Messages } from '../i18n/index.ts';
import { currentQuestion, isLast } from '../interview.ts';
import { button, h, setAttribute, setText, show } from './dom.ts';
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

/** One button for "Answer now" and "Next question": the keyboard stays on it while the phase changes under it. */
export function createQuestionControls(messages: Messages, actions: Pick<Actions, 'next' | 'answerNow'>): Part {
  let thinking = false;
  const onward = button('primary', messages.question.next, () => (thinking ? actions.answerNow() : actions.next()));
  const element = h('section', { class: 'controls onward' }, onward);
  return {
    element,
    render(state) {
      const { phase } = state;
      show(element, isAnswering(phase));
      if (!isAnswering(phase)) return;
      thinking = phase.name === 'thinking';
      const { finish, next } = messages.question;
      setText(onward, thinking ? messages.thinking.answerNow : isLast(state, phase.question) ? finish : next);
      onward.disabled = phase.name !== 'recording' && !thinking;
    },
  };
}

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
