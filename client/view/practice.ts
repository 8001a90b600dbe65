/** The practice question: recorded, watched, forgotten. */
import type { Messages } from '../i18n/index.ts';
import { button, h, show } from './dom.ts';
import type { Actions, Part } from './part.ts';

export function createPracticeWords({ practice: words }: Messages): Part & { heading: HTMLElement } {
  const heading = h('h1', { class: 'eyebrow', tabindex: '-1', 'aria-describedby': 'practice-text' }, words.heading);
  const text = h('p', { class: 'question-text', id: 'practice-text' }, words.question);
  const note = h('p', { class: 'note' }, words.note);
  const element = h('section', { class: 'words practice' }, heading, text, note);
  return {
    element,
    heading,
    render({ phase }) {
      show(element, phase.name === 'practice');
    },
  };
}

export function createPracticeControls(
  { practice: words }: Messages,
  actions: Pick<Actions, 'practise' | 'stopPractice' | 'leavePractice'>,
): Part {
  const stop = button('primary', words.stop, () => actions.stopPractice());
  const back = button('primary', words.back, () => actions.leavePractice());
  const again = button('secondary', words.again, () => actions.practise());
  const element = h('section', { class: 'controls onward' }, stop, back, again);
  return {
    element,
    render({ phase }) {
      show(element, phase.name === 'practice');
      if (phase.name !== 'practice') return;
      show(stop, phase.stage === 'recording');
      show(back, phase.stage === 'watching');
      show(again, phase.stage === 'watching');
    },
  };
}
