/** The row of numbers: which questions are answered, which one is current, which are to come. */
import type { Question } from '../../server/wire.ts';
import type { Messages } from '../i18n/index.ts';
import { currentQuestion, type InterviewState } from '../interview/state.ts';
import { h, setAttribute, setText, show } from './dom.ts';
import type { Part } from './part.ts';

/** One number a question, with words for screen readers. Hidden for an interview of one question. */
export function createSteps(messages: Messages): Part {
  const element = h('ol', { class: 'steps', 'aria-label': messages.steps.label });
  let questions: Question[] = [];
  let items: { item: HTMLElement; words: HTMLElement }[] = [];
  return {
    element,
    render(state) {
      if (state.questions !== questions) {
        questions = state.questions;
        items = questions.map(() => {
          const words = h('span', { class: 'visually-hidden' });
          return { item: h('li', { class: 'step' }, words), words };
        });
        element.replaceChildren(...items.map(({ item }) => item));
      }
      show(element, questions.length > 1 && state.phase.name !== 'loading');
      const current = currentQuestion(state)?.index;
      for (const [at, { item, words }] of items.entries()) {
        const index = questions[at]?.index ?? at + 1;
        const progress = index === current ? 'current' : progressOf(state, index);
        setAttribute(item, 'data-progress', progress);
        if (progress === 'current') setAttribute(item, 'aria-current', 'step');
        else item.removeAttribute('aria-current');
        setText(words, messages.steps[progress](index));
      }
    },
  };
}

function progressOf({ answered, recorded }: InterviewState, index: number): 'answered' | 'recorded' | 'coming' {
  if (answered.includes(index)) return 'answered';
  return recorded.includes(index) ? 'recorded' : 'coming';
}
