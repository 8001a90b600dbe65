/** A take that may or may not count: keep it, or answer again. The choice is possible while the sending goes on. */
import type { Messages } from '../i18n/index.ts';
import type { Phase } from '../interview.ts';
import { button, h, setText, show } from './dom.ts';
import type { Actions, Part } from './part.ts';

export function createRecovered(messages: Messages, actions: Pick<Actions, 'keep' | 'again'>): Part {
  const { recovered: words } = messages;
  const heading = h('h2', {});
  const text = h('p', { class: 'recovered-text' });
  const keep = button('primary', words.keep, () => actions.keep());
  const again = button('secondary', words.again, () => actions.again());
  const element = h('section', { class: 'recovered' }, heading, text, h('div', { class: 'choice' }, keep, again));
  return {
    element,
    render({ phase }) {
      show(element, phase.name === 'recovered');
      if (phase.name !== 'recovered') return;
      const seconds = Math.max(1, Math.round(phase.recordedMs / 1000));
      const texts = {
        review: words.review,
        reload: words.text,
        interrupted: words.interrupted,
        refused: () => words.refused,
      };
      const reviewed = phase.cause === 'review';
      setText(heading, reviewed ? words.reviewHeading : words.heading);
      setText(text, texts[phase.cause](seconds));
      show(keep, phase.cause !== 'refused');
      show(again, mayAnswerAgain(phase));
      setText(again, reviewed ? words.againLeft(phase.takesLeft) : words.again);
    },
  };
}

/** What something but the candidate ended costs no take. */
function mayAnswerAgain({ cause, takesLeft }: Extract<Phase, { name: 'recovered' }>): boolean {
  return cause !== 'review' || takesLeft > 0;
}
