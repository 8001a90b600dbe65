/** The `role=alert` box: what happened, that nothing is lost, what to do, and the control that does it. */
import type { BrowserKind } from '../i18n/failures/browser-kind.ts';
import { type Messages, problemText } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import { gentle } from '../interview/alerts.ts';
import type { Alert, AlertCode, Phase } from '../interview/state.ts';
import { button, h, setAttribute, setText, show } from './dom.ts';
import { createContact } from './organization.ts';
import type { Part } from './part.ts';

/** Alerts for which another attempt may help, and costs the candidate nothing. */
const repeatable: ReadonlySet<AlertCode> = new Set([
  'permission-refused',
  'no-camera',
  'camera-busy',
  'camera-waits',
  'recorder-failed',
  'storage-refused',
  'storage-slow',
  'unexpected',
  'no-connection',
  'in-the-way',
  'second-tab',
]);

/** Alerts for which the candidate may want a file of what is not sent. */
const savable: ReadonlySet<AlertCode> = new Set(['storage-full', 'copy-failed']);

/** Alerts whose `detail` is for support alone: the browser's English, or a digest. */
const technical: ReadonlySet<AlertCode> = new Set(['unexpected', 'digest-mismatch', 'storage-refused']);

/** Alerts whose words name the person who sent the invitation. */
export const asking: ReadonlySet<AlertCode> = new Set(['insecure-page', 'signed-out', 'digest-mismatch', 'refused']);

/** Apps whose own browser gives pages no camera: there these alerts, too, are solved by opening the page outside. */
const inApps: ReadonlySet<BrowserKind> = new Set(['zalo', 'facebook', 'line', 'in-app']);
const curedOutside: ReadonlySet<AlertCode> = new Set(['permission-refused', 'no-camera', 'no-media-recorder']);

/** The alert box. `browser` decides which steps explain how to allow the camera. */
export function createNotice(
  messages: Messages,
  actions: Pick<Actions, 'askAgain' | 'saveCopies' | 'leave'>,
  browser: BrowserKind,
): Part {
  const title = h('strong', { class: 'notice-title' });
  const text = h('p', { class: 'notice-text' });
  const steps = h('ol', { class: 'notice-steps' }, ...messages.allow[browser].map((step) => h('li', {}, step)));
  const detail = h('p', { class: 'notice-detail' });
  const alertRegion = h('div', { role: 'alert' }, title, text, steps, detail);
  const support = createSupport(messages);
  const contact = createContact(messages);
  const tryAgain = button('secondary', messages.alert.tryAgain, () => actions.askAgain());
  const saveCopy = button('secondary', messages.alert.saveCopy, () => actions.saveCopies());
  const logIn = h('a', { class: 'button secondary', href: `/?lang=${messages.lang}` }, messages.alert.logInAgain);
  logIn.addEventListener('click', () => actions.leave());
  const element = h('div', { class: 'notice', hidden: true });
  element.append(alertRegion, contact.element, tryAgain, saveCopy, logIn, support.element);
  return {
    element,
    render({ alert, phase, about }) {
      show(element, alert !== null);
      const words = alert === null ? null : messages.alerts[alert.code];
      setAttribute(element, 'data-tone', alert !== null && gentle.has(alert.code) ? 'gentle' : 'firm');
      setText(title, words?.title ?? '');
      setText(text, words?.text ?? '');
      setText(detail, alert === null ? '' : detailOf(alert, messages));
      show(steps, alert !== null && needsSteps(alert.code, browser));
      show(detail, detail.textContent !== '');
      contact.render(alert !== null && asking.has(alert.code) ? about.contact : null);
      support.render(alert !== null && technical.has(alert.code) ? alert : null);
      show(tryAgain, alert !== null && mayRepeat(alert, phase));
      setAttribute(tryAgain, 'class', `button ${isStuck(phase) ? 'primary' : 'secondary'}`);
      show(saveCopy, alert !== null && savable.has(alert.code) && !('gate' in phase && phase.gate.kind === 'failed'));
      // Not during a recording: logging in again would cut the answer off.
      const signedOut = alert?.code === 'signed-out' && phase.name !== 'recording';
      show(logIn, signedOut || (alert?.code === 'refused' && phase.name === 'loading'));
    },
  };
}

/** What only support understands, folded, with a button that copies it. */
function createSupport({ alert: words }: Messages): { element: HTMLElement; render(alert: Alert | null): void } {
  const detail = h('code', {});
  const copy = button('secondary', words.copy, () => {
    // Without the permission, or outside of HTTPS, the text can be selected.
    void navigator.clipboard?.writeText(detail.textContent).then(
      () => setText(copy, words.copied),
      () => {},
    );
  });
  const element = h('details', { class: 'support' }, h('summary', {}, words.support), detail, copy);
  return {
    element,
    render(alert) {
      const text = alert?.detail ? `${alert.code}: ${alert.detail}` : '';
      show(element, text !== '');
      if (detail.textContent === text) return;
      setText(detail, text);
      setText(copy, words.copy);
      element.open = false;
    },
  };
}

function needsSteps(code: AlertCode, browser: BrowserKind): boolean {
  return code === 'permission-refused' || (curedOutside.has(code) && inApps.has(browser));
}

function detailOf({ code, detail = '', problem }: Alert, messages: Messages): string {
  if (code !== 'refused') return '';
  return problem ? problemText(messages, { code: problem, detail, retryAfterSeconds: null, body: null }) : detail;
}

/** Whether nothing else on the page leads on. */
function isStuck(phase: Phase): boolean {
  return phase.name === 'loading' || phase.name === 'requesting' || (phase.name === 'checking' && !phase.ready);
}

/** Not during a recording, and not where the gate's "Retry" already does the same. */
function mayRepeat(alert: Alert, phase: Phase): boolean {
  if (phase.name === 'recording' || phase.name === 'finished') return false;
  if ('gate' in phase && phase.gate.kind === 'failed') return false;
  return repeatable.has(alert.code);
}
