/** After a reload, or where a recording stopped by itself: keep what was saved, or answer again. The choice is possible while the sending goes on. */
import type { Messages } from '../i18n/index.ts';
import { button, h, setText, show } from './dom.ts';
import type { Actions, Part } from './part.ts';

export function createRecovered(messages: Messages, actions: Pick<Actions, 'keep' | 'again'>): Part {
  const { recovered: words } = messages;
  const text = h('p', { class: 'recovered-text' });
  const keep = button('primary', words.keep, () => actions.keep());
  const element = h(
    'section',
    { class: 'recovered' },
    h('h2', {}, words.heading),
    text,
    h(
      'div',
      { class: 'choice' },
      keep,
      button('secondary', words.again, () => actions.again()),
    ),
  );
  return {
    element,
    render({ phase }) {
      show(element, phase.name === 'recovered');
      if (phase.name !== 'recovered') return;
      const seconds = Math.max(1, Math.round(phase.recordedMs / 1000));
      const texts = { reload: words.text, interrupted: words.interrupted, refused: () => words.refused };
      setText(text, texts[phase.cause](seconds));
      show(keep, phase.cause !== 'refused');
    },
  };
}
