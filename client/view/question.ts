/** A question: its number and text, the one button that continues, and what is asked before a very short answer ends. */
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import { isComing } from '../interview/phase.ts';
import { currentQuestion, isLast } from '../interview/state.ts';
import { button, h, setAttribute, setText, show } from './dom.ts';
import { isAnswering, type Part } from './part.ts';

/** The question's number and text, and what is final about it. */
export function createQuestionWords(messages: Messages): Part & { heading: HTMLElement } {
  const heading = h('h1', { class: 'eyebrow', tabindex: '-1', 'aria-describedby': 'question-text' });
  const text = h('p', { class: 'question-text', id: 'question-text' });
  const final = h('p', { class: 'hint' }, messages.question.last);
  const element = h('section', { class: 'words question' }, heading, text, final);
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
      show(final, isLast(state, question.index) && (isComing(state.phase) || state.phase.name === 'recording'));
    },
  };
}

/**
 * One button for "Answer now" and "Next question": the focus stays on the button when the phase changes. Where the page
 * asks about a very short answer, "Go on" stands in its place.
 */
export function createQuestionControls(
  messages: Messages,
  actions: Pick<Actions, 'next' | 'answerNow' | 'goOn' | 'endShort'>,
): Part {
  const { short: words, finish, next } = messages.question;
  let thinking = false;
  const onward = button('primary', next, () => (thinking ? actions.answerNow() : actions.next()));
  const goOn = button('primary', words.goOn, () => actions.goOn());
  const asked = h(
    'div',
    {
      class: 'short',
      role: 'alertdialog',
      hidden: true,
      'aria-labelledby': 'short-heading',
      'aria-describedby': 'short-text',
    },
    h('p', { class: 'short-heading', id: 'short-heading' }, words.heading),
    h('p', { class: 'hint', id: 'short-text' }, words.text),
    button('secondary', words.finish, () => actions.endShort()),
    goOn,
  );
  asked.addEventListener('keydown', ({ key }) => key === 'Escape' && actions.goOn());
  const element = h('section', { class: 'controls onward' }, asked, onward);
  return {
    element,
    render(state) {
      const { phase } = state;
      // Where sending has failed, "Retry" takes the place of a button that can't be pressed.
      show(element, isAnswering(phase) && !('gate' in phase && phase.gate.kind === 'failed'));
      const [asks, asksAlready] = [phase.name === 'recording' && phase.short === true, !asked.hidden];
      const focused = element.contains(document.activeElement);
      show(asked, asks);
      show(onward, !asks);
      if (!isAnswering(phase)) return;
      thinking = phase.name === 'reading' || phase.name === 'thinking';
      setText(onward, thinking ? messages.thinking.answerNow : isLast(state, phase.question) ? finish : next);
      onward.disabled = phase.name !== 'recording' && !thinking;
      // A dialog has the focus from its beginning, and gives it back.
      if (asks && !asksAlready) goOn.focus();
      if (!asks && asksAlready && focused && !onward.disabled) onward.focus();
    },
  };
}
