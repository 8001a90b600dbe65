/** The two last screens: the interview is being finished, and is finished. */
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import { h, setAttribute, setText, show } from './dom.ts';
import type { Part } from './part.ts';
import { createReceipt } from './receipt.ts';

/** Heading and text of the two last screens, and the receipt. */
export function createEnding(
  messages: Messages,
  actions: Pick<Actions, 'saveReceipt'>,
): Part & { heading: HTMLElement } {
  const { finishing, finished } = messages;
  const mark = h('span', { class: 'ending-mark', 'aria-hidden': 'true' });
  const heading = h('h1', { tabindex: '-1' });
  const text = h('p', { class: 'ending-text' });
  const close = h('p', { class: 'hint' }, finished.close);
  const receipt = createReceipt(messages, actions);
  const element = h('section', { class: 'ending' }, mark, heading, text, close, receipt.element);
  return {
    element,
    heading,
    render(state) {
      const { phase } = state;
      const { name } = phase;
      receipt.render(state);
      const done = name === 'finished';
      show(element, done || name === 'finishing');
      setAttribute(element, 'data-gate', 'gate' in phase ? phase.gate.kind : '');
      element.classList.toggle('done', done);
      setText(heading, done ? finished.heading : finishing.heading);
      // Where finishing fails, the status line says so.
      show(text, done || (name === 'finishing' && phase.gate.kind === 'uploading'));
      setText(text, done ? finished.thanks : finishing.text);
      show(close, done);
    },
  };
}
