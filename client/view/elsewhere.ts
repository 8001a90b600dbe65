/** Two devices: the interview goes on on the other one, or an answer is awaited from there. */
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import { button, h, setText, show } from './dom.ts';
import type { Part } from './part.ts';

/** What the page says of the other device, with the button that does without it. */
export function createElsewhere(
  { another: words }: Messages,
  actions: Pick<Actions, 'continueHere' | 'answerHere'>,
): Part & { heading: HTMLElement } {
  const heading = h('h1', { tabindex: '-1' }, words.elsewhere);
  const text = h('p');
  const here = button('secondary', words.here, () => actions.continueHere());
  const answer = button('secondary', words.answerHere, () => actions.answerHere());
  const element = h('section', { class: 'elsewhere' }, heading, text, here, answer);
  return {
    element,
    heading,
    render({ phase }) {
      const left = phase.name === 'elsewhere';
      const awaiting = phase.name === 'awaiting';
      show(element, left || awaiting);
      // An awaited answer has the heading of its question.
      show(heading, left);
      show(text, awaiting || (left && phase.unsent === 0));
      setText(text, awaiting ? words.awaiting : words.close);
      show(here, left);
      show(answer, awaiting);
    },
  };
}
