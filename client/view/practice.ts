/** The practice question: it is recorded and watched, and then forgotten. */
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import { button, h, show } from './dom.ts';
import type { Part } from './part.ts';

/** The practice question's words. */
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

/** The practice question's buttons: stop, record again, back to the device check. */
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
      show(stop, phase.stage !== 'watching');
      stop.disabled = phase.stage === 'counting';
      show(back, phase.stage === 'watching');
      show(again, phase.stage === 'watching');
    },
  };
}
