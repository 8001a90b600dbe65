/** How far an answer has travelled, and "Retry". The words of its state are in the status line. */
import type { Messages } from '../i18n/index.ts';
import { button, h, setAttribute, setText, show } from './dom.ts';
import { formatBytes } from './format.ts';
import type { Actions, Part } from './part.ts';

export function createGate(messages: Messages, actions: Pick<Actions, 'retry'>): Part & { heading: HTMLElement } {
  const { gate: words } = messages;
  const heading = h('h2', { class: 'gate-heading', tabindex: '-1' }, words.heading);
  const amount = h('span', { class: 'gate-amount' });
  const bar = h('div', {
    class: 'bar',
    role: 'progressbar',
    'aria-label': words.progress,
    'aria-valuemin': '0',
    'aria-valuemax': '100',
    'aria-valuenow': '0',
  });
  const retry = button('secondary', words.retry, () => actions.retry());
  const stay = h('p', { class: 'hint' }, words.stay);
  const sending = h('div', { class: 'sending' }, h('div', { class: 'gate-line' }, heading, amount), bar);
  const element = h('section', { class: 'gate' }, sending, stay, retry);
  let arrived = false;
  let progress = { ackedBytes: 0, recordedBytes: 0 };

  const draw = () => {
    const { recordedBytes } = progress;
    const ackedBytes = arrived ? recordedBytes : Math.min(progress.ackedBytes, recordedBytes);
    const share = arrived ? 1 : recordedBytes > 0 ? ackedBytes / recordedBytes : 0;
    const text =
      recordedBytes > 0
        ? `${formatBytes(ackedBytes, messages.lang)} / ${formatBytes(recordedBytes, messages.lang)}`
        : '';
    setText(amount, text);
    setAttribute(bar, 'aria-valuenow', String(Math.floor(share * 100)));
    setAttribute(bar, 'aria-valuetext', text);
    bar.style.setProperty('--share', share.toFixed(4));
  };

  return {
    element,
    heading,
    render({ phase }) {
      const gate = 'gate' in phase ? phase.gate : null;
      const closing = phase.name === 'finishing';
      // What the server never takes has no way to show.
      const refused = phase.name === 'recovered' && phase.cause === 'refused';
      show(element, gate !== null && !refused && (!closing || gate.kind === 'failed'));
      if (gate === null) return;
      setAttribute(element, 'data-gate', gate.kind);
      // While the session is being closed every byte is already there: a bar would tell a lie.
      show(sending, !closing);
      show(stay, gate.kind !== 'open');
      show(retry, gate.kind === 'failed');
      arrived = gate.kind === 'open';
      draw();
    },
    live({ ackedBytes, recordedBytes }) {
      progress = { ackedBytes, recordedBytes };
      draw();
    },
  };
}
