/** The upload of a take: its progress, "Retry" and "Save a copy". The status line names the upload's state. */
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import { isLast } from '../interview/state.ts';
import { button, h, setAttribute, setText, show } from './dom.ts';
import type { Part } from './part.ts';
import { createUploadProgress } from './upload-progress.ts';

/** The box that shows the upload of the take: while the candidate speaks, and at the gate after the answer. */
export function createGate(
  messages: Messages,
  actions: Pick<Actions, 'retry' | 'saveCopies'>,
): Part & { heading: HTMLElement; onward: HTMLElement } {
  const { gate: words } = messages;
  const heading = h('h2', { class: 'gate-heading', tabindex: '-1' }, words.heading);
  const progress = createUploadProgress(messages);
  const stay = h('p', { class: 'hint' }, words.stay);
  const retry = button('primary', words.retry, () => actions.retry());
  const copy = button('secondary', messages.alert.saveCopy, () => actions.saveCopies());
  const onward = h('div', { class: 'onward' }, retry, copy);
  const element = h('section', { class: 'gate' }, heading, progress.element, stay);

  return {
    element,
    heading,
    onward,
    render(state) {
      const { phase } = state;
      const gate = 'gate' in phase ? phase.gate : null;
      const closing = phase.name === 'finishing';
      const refused = phase.name === 'recovered' && phase.cause === 'refused';
      const waiting = gate !== null && !refused && (!closing || gate.kind === 'failed');
      // The answers of an interview that goes on elsewhere are still sent from here.
      const leftBehind = phase.name === 'elsewhere' && phase.unsent > 0;
      show(element, waiting || leftBehind || phase.name === 'recording');
      // While the interview is being finished, nothing is shown that a frame could hold.
      setAttribute(element, 'data-gate', closing ? '' : (gate?.kind ?? ''));
      const all = phase.name === 'gate' && state.gate === 'end' && isLast(state, phase.question);
      const failed = gate?.kind === 'failed';
      setText(heading, failed ? words.headingFailed : all ? words.headingAll : words.heading);
      // Without another log-in nothing is sent.
      show(heading, waiting && !closing && gate.kind !== 'open' && state.alert?.code !== 'signed-out');
      show(stay, waiting && gate.kind !== 'open');
      show(onward, leftBehind || (waiting && failed));
      show(retry, !leftBehind);
      // While the interview is being finished, the server already has every answer.
      show(copy, !closing);
      progress.render(state);
    },
    live(live) {
      setText(stay, live.sentWhenClosed ? words.sentWhenClosed : words.stay);
      progress.live(live);
    },
  };
}
