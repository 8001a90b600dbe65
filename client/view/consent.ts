/** What the candidate must agree to before the camera opens, with a box to tick. */
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import { button, h, setAttribute, setText, show } from './dom.ts';
import type { Part } from './part.ts';

/** The heading above what to expect and what to agree to. */
export function createConsentWords({ consent }: Messages): Part & { heading: HTMLElement } {
  const title = h('p', { class: 'eyebrow' });
  const heading = h('h1', { tabindex: '-1' }, consent.heading);
  const element = h('section', { class: 'words' }, title, heading);
  return {
    element,
    heading,
    render(state) {
      show(element, state.phase.name === 'consent');
      setText(title, state.title);
    },
  };
}

/** The text and the box, and, as `onward`, the button. Without a tick the button says what is missing. */
export function createConsentForm(messages: Messages, actions: Pick<Actions, 'agree'>): Part & { onward: HTMLElement } {
  const { consent: words } = messages;
  const text = h('p', { class: 'own-words consent-text', id: 'consent-text' });
  const box = h('input', { type: 'checkbox', id: 'consent', 'aria-describedby': 'consent-text consent-missing' });
  const missing = h('p', { class: 'form-alert', id: 'consent-missing', role: 'alert' });
  const go = button('primary', words.go, () => {
    setText(missing, box.checked ? '' : words.missing);
    setAttribute(box, 'aria-invalid', String(!box.checked));
    if (box.checked) actions.agree();
    else box.focus();
  });
  box.addEventListener('change', () => {
    setText(missing, '');
    setAttribute(box, 'aria-invalid', 'false');
  });
  const label = h('label', { class: 'tick', for: 'consent' }, box, h('span', {}, words.agree));
  const refuse = h('p', { class: 'hint' }, words.refuse);
  const element = h('section', { class: 'card consent' }, text, label, missing, refuse);
  const onward = h('div', { class: 'onward' }, go);
  return {
    element,
    onward,
    render({ phase, about }) {
      show(element, phase.name === 'consent');
      show(onward, phase.name === 'consent');
      if (phase.name !== 'consent') return;
      setText(text, about.consent?.text ?? '');
      if (about.language) setAttribute(text, 'lang', about.language);
      const sending = phase.stage === 'sending';
      box.disabled = sending;
      go.disabled = sending;
    },
  };
}
