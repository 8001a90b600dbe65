/** The two last screens: the interview is being finished, and is finished. */
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import { h, setAttribute, setText, show } from './dom.ts';
import { formatDay } from './format.ts';
import { createContact } from './organization.ts';
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
  const outro = h('p', { class: 'own-words outro' });
  const next = h('p', {});
  const close = h('p', { class: 'hint' }, finished.close);
  const contact = createContact(messages);
  const receipt = createReceipt(messages, actions);
  const rest = [text, next, close, contact.element, receipt.element];
  const element = h('section', { class: 'ending' }, mark, heading, outro, ...rest);
  return {
    element,
    heading,
    render(state) {
      const { phase, about } = state;
      receipt.render(state);
      const done = phase.name === 'finished';
      // Who has the receipt needs no other proof.
      const earlier = done && state.receipt === null ? phase.earlier : undefined;
      show(element, done || phase.name === 'finishing');
      setAttribute(element, 'data-gate', 'gate' in phase ? phase.gate.kind : '');
      element.classList.toggle('done', done);
      setText(heading, done ? finished.heading : finishing.heading);
      // The organization's own words thank, and say what happens next; without them we know at least who has the answers.
      const own = done && about.outro !== null;
      show(outro, own);
      setText(outro, about.outro ?? '');
      if (about.language) setAttribute(outro, 'lang', about.language);
      if (earlier) setText(text, finished.earlier(...formatDay(earlier.finishedAt, messages.lang), earlier.answers));
      else setText(text, done ? finished.thanks : finishing.text);
      // Where finishing fails, the status line says so.
      const closing = phase.name === 'finishing' && phase.gate.kind === 'uploading';
      show(text, earlier !== undefined || closing || (done && !own));
      show(next, done && !own && !earlier);
      setText(next, about.organization ? finished.with(about.organization) : finished.withInviter);
      contact.render(done ? about.contact : null);
      show(close, done);
    },
  };
}
