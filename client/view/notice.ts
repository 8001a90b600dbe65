/** The `role=alert` box: what happened, that nothing is lost, what to do, and the control that does it. */
import { type Messages, refusalWords } from '../i18n/index.ts';
import type { Alert, AlertCode, Phase } from '../interview.ts';
import { button, h, setText, show } from './dom.ts';
import type { Actions, Part } from './part.ts';

/** Where asking once more can help without the candidate losing anything. */
const repeatable: ReadonlySet<AlertCode> = new Set([
  'permission-refused',
  'no-camera',
  'camera-busy',
  'storage-refused',
  'unexpected',
  'no-connection',
  'second-tab',
]);

/** Our words say all there is for the other codes; their `detail` is the browser's English. */
const detailed: ReadonlySet<AlertCode> = new Set(['refused', 'unexpected', 'digest-mismatch', 'storage-refused']);

export function createNotice(messages: Messages, actions: Pick<Actions, 'askAgain'>): Part {
  const title = h('strong', { class: 'notice-title' });
  const text = h('p', { class: 'notice-text' });
  const detail = h('p', { class: 'notice-detail' });
  const alertRegion = h('div', { role: 'alert' }, title, text, detail);
  const tryAgain = button('secondary', messages.alert.tryAgain, () => actions.askAgain());
  const logIn = h('a', { class: 'button secondary', href: `/?lang=${messages.lang}` }, messages.alert.logInAgain);
  const element = h('div', { class: 'notice', hidden: true }, alertRegion, tryAgain, logIn);
  return {
    element,
    render({ alert, phase }) {
      show(element, alert !== null);
      const words = alert === null ? null : messages.alerts[alert.code];
      setText(title, words?.title ?? '');
      setText(text, words?.text ?? '');
      setText(detail, alert === null ? '' : detailOf(alert, messages));
      show(detail, detail.textContent !== '');
      show(tryAgain, alert !== null && mayRepeat(alert, phase));
      show(logIn, alert?.code === 'signed-out' || (alert?.code === 'refused' && phase.name === 'loading'));
    },
  };
}

function detailOf({ code, detail = '', refusal }: Alert, messages: Messages): string {
  if (!detailed.has(code)) return '';
  return refusal ? refusalWords(messages, { code: refusal, detail, retryAfterSeconds: null, body: null }) : detail;
}

/** Not while recording, and not where "Retry" of the gate already does it. */
function mayRepeat(alert: Alert, phase: Phase): boolean {
  if (phase.name === 'recording' || phase.name === 'finished') return false;
  if ('gate' in phase && phase.gate.kind === 'failed') return false;
  return repeatable.has(alert.code);
}
