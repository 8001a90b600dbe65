/** How far the answer has travelled, "Retry", and a copy for the candidate. The words of its state are in the status line. */
import type { Messages } from '../i18n/index.ts';
import { isLast } from '../interview.ts';
import { button, h, setAttribute, setText, show } from './dom.ts';
import { createJourney } from './journey.ts';
import type { Actions, Part } from './part.ts';

export function createGate(
  messages: Messages,
  actions: Pick<Actions, 'retry' | 'saveCopies'>,
): Part & { heading: HTMLElement } {
  const { gate: words } = messages;
  const heading = h('h2', { class: 'gate-heading', tabindex: '-1' }, words.heading);
  const journey = createJourney(messages);
  const stay = h('p', { class: 'hint' }, words.stay);
  const retry = button('secondary', words.retry, () => actions.retry());
  const copy = button('secondary', messages.alert.saveCopy, () => actions.saveCopies());
  const buttons = h('div', { class: 'choice' }, retry, copy);
  const element = h('section', { class: 'gate' }, heading, journey.element, stay, buttons);

  return {
    element,
    heading,
    render(state) {
      const { phase } = state;
      const gate = 'gate' in phase ? phase.gate : null;
      const closing = phase.name === 'finishing';
      const refused = phase.name === 'recovered' && phase.cause === 'refused';
      const waiting = gate !== null && !refused && (!closing || gate.kind === 'failed');
      show(element, waiting || phase.name === 'recording');
      setAttribute(element, 'data-gate', gate?.kind ?? '');
      const all = phase.name === 'gate' && state.gate === 'end' && isLast(state, phase.question);
      setText(heading, all ? words.headingAll : words.heading);
      show(heading, waiting && !closing && gate.kind !== 'open');
      show(stay, waiting && gate.kind !== 'open');
      show(buttons, waiting && gate.kind === 'failed');
      // While the session is being closed there is nothing left to copy.
      show(copy, !closing);
      journey.render(state);
    },
    live: journey.live,
  };
}
