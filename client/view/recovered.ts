/** A take that may or may not count: keep it, or answer again. The choice is possible while the sending goes on. */
import type { Messages } from '../i18n/index.ts';
import type { Phase } from '../interview.ts';
import { button, h, setText, show } from './dom.ts';
import type { Actions, Part } from './part.ts';

export interface Recovered extends Part {
  readonly heading: HTMLElement;
  /** Whether the take can be played. */
  playable(on: boolean): void;
}

export function createRecovered(messages: Messages, actions: Pick<Actions, 'keep' | 'again'>): Recovered {
  const { recovered: words } = messages;
  const heading = h('h2', { tabindex: '-1', 'aria-describedby': 'recovered-text' });
  const text = h('p', { class: 'recovered-text', id: 'recovered-text' });
  const keep = button('primary', words.keep, () => actions.keep());
  const again = button('secondary', words.again, () => actions.again());
  const element = h('section', { class: 'recovered' }, heading, text, h('div', { class: 'choice' }, keep, again));
  let last: Phase = { name: 'loading' };
  let hasPlayer = false;

  const render = (phase: Phase) => {
    last = phase;
    show(element, phase.name === 'recovered');
    if (phase.name !== 'recovered') return;
    const seconds = Math.max(1, Math.round(phase.recordedMs / 1000));
    const texts = {
      review: hasPlayer ? words.review : words.reviewUnseen,
      reload: words.text,
      interrupted: words.interrupted,
      muted: words.muted,
      refused: () => words.refused,
    };
    const whole = phase.cause === 'review' || phase.cause === 'muted';
    const cut = phase.cause === 'refused' ? words.refusedHeading : words.heading;
    setText(heading, whole ? words.reviewHeading : cut);
    setText(text, texts[phase.cause](seconds));
    show(keep, phase.cause !== 'refused');
    show(again, mayAnswerAgain(phase));
    setText(again, phase.cause === 'review' ? words.againLeft(phase.takesLeft) : words.again);
  };

  return {
    element,
    heading,
    render: ({ phase }) => render(phase),
    playable(on) {
      hasPlayer = on;
      render(last);
    },
  };
}

/** What something but the candidate ended costs no take. */
function mayAnswerAgain({ cause, takesLeft }: Extract<Phase, { name: 'recovered' }>): boolean {
  return cause !== 'review' || takesLeft > 0;
}
