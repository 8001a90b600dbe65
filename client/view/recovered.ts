/** The choice after a take: keep it, or answer again. The take is uploaded meanwhile. */
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import type { Phase } from '../interview/state.ts';
import { lacksMuch } from '../interview/take.ts';
import { button, h, setText, show } from './dom.ts';
import type { Part } from './part.ts';

/** The part that offers the choice. */
export interface Recovered extends Part {
  readonly heading: HTMLElement;
  /** The buttons. */
  readonly onward: HTMLElement;
  /** Says whether the take can be played, which changes the words. */
  playable(on: boolean): void;
}

/** The choice: what was saved and why there is a choice, and, as `onward`, the buttons. */
export function createRecovered(
  messages: Messages,
  actions: Pick<Actions, 'keep' | 'again' | 'saveCopies'>,
): Recovered {
  const { recovered: words } = messages;
  const heading = h('h2', { tabindex: '-1', 'aria-describedby': 'recovered-text' });
  const text = h('p', { class: 'recovered-text', id: 'recovered-text' });
  const keep = button('primary', words.keep, () => actions.keep());
  const again = button('secondary', words.again, () => actions.again());
  // Answering again deletes a refused take from the device: until then it can be kept as a file.
  const copy = button('secondary', messages.alert.saveCopy, () => actions.saveCopies());
  const element = h('section', { class: 'recovered' }, heading, text);
  const onward = h('div', { class: 'onward' }, keep, again, copy);
  let last: Phase = { name: 'loading' };
  let hasPlayer = false;
  /** Whether the device has lost the take, so that there is nothing to save. */
  let lost = false;

  const render = (phase: Phase) => {
    last = phase;
    show(element, phase.name === 'recovered');
    show(onward, phase.name === 'recovered');
    if (phase.name !== 'recovered') return;
    const seconds = Math.max(1, Math.round(phase.recordedMs / 1000));
    const texts = {
      review: hasPlayer ? words.review : words.reviewUnseen,
      reload: words.text,
      interrupted: words.interrupted,
      muted: words.muted,
      short: words.interrupted,
      refused: () => (lost ? words.refusedLost : words.refused),
    };
    const { recordedMs, spokenMs = recordedMs } = phase;
    const lacks = phase.cause !== 'refused' && lacksMuch({ recordedMs, spokenMs });
    const whole = phase.cause === 'review' || phase.cause === 'muted';
    const cut = phase.cause === 'refused' ? words.refusedHeading : words.heading;
    setText(heading, whole ? words.reviewHeading : cut);
    const said = lacks ? words.short(seconds, Math.round((phase.spokenMs ?? 0) / 1000)) : texts[phase.cause](seconds);
    // The words of a review have it already.
    const playIt = hasPlayer && phase.cause !== 'review' ? words.playIt : '';
    setText(text, [said, playIt].filter(Boolean).join(' '));
    show(keep, phase.cause !== 'refused');
    show(copy, phase.cause === 'refused' && !lost);
    show(again, mayAnswerAgain(phase));
    // The only thing to do is the main button.
    again.classList.toggle('primary', phase.cause === 'refused');
    again.classList.toggle('secondary', phase.cause !== 'refused');
    setText(again, phase.cause === 'review' ? words.againLeft(phase.takesLeft) : words.again);
  };

  return {
    element,
    heading,
    onward,
    render({ phase, alert }) {
      lost = phase.name === 'recovered' && (lost || alert?.code === 'take-lost');
      render(phase);
    },
    playable(on) {
      hasPlayer = on;
      render(last);
    },
  };
}

/** A take that something other than the candidate ended costs none of the takes that the question allows. */
function mayAnswerAgain({ cause, takesLeft }: Extract<Phase, { name: 'recovered' }>): boolean {
  return cause !== 'review' || takesLeft > 0;
}
