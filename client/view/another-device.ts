/** "Continue on another device": the candidate's link as a QR code and as text, where the interview stands still. */
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import type { AlertCode, InterviewState } from '../interview/state.ts';
import { button, h, setAttribute, setText, show } from './dom.ts';
import type { Part } from './part.ts';

/** Alerts of what this device or its connection fails at, and another one may not. */
const ofThisDevice: ReadonlySet<AlertCode> = new Set([
  'permission-refused',
  'no-camera',
  'camera-busy',
  'camera-waits',
  'insecure-page',
  'no-media-recorder',
  'practice-broken',
  'recorder-failed',
  'picture-still',
  'storage-refused',
  'storage-full',
  'not-kept',
  'take-lost',
  'no-connection',
  'in-the-way',
]);

/** A gate mostly opens in a moment: another device is offered to a candidate who waits there longer than this, in ms. */
const PATIENCE_MS = 10_000;

/** Where another device is offered: `late` only after a while. */
function offerIn({ phase, alert, hints }: InterviewState): 'now' | 'late' | null {
  switch (phase.name) {
    case 'paused':
      return 'now';
    case 'gate':
    case 'recovered':
      if (phase.gate.kind === 'failed') return 'now';
      return phase.name === 'gate' && phase.gate.kind !== 'open' ? 'late' : null;
    case 'finishing':
      return phase.gate.kind === 'failed' ? 'now' : null;
    case 'checking':
      if (hints.includes('room') || hints.includes('battery')) return 'now';
      return alert !== null && ofThisDevice.has(alert.code) ? 'now' : null;
    case 'loading':
    case 'requesting':
      return alert !== null && ofThisDevice.has(alert.code) ? 'now' : null;
    default:
      return null;
  }
}

/** The button, and what it opens. */
export function createAnotherDevice(
  messages: Messages,
  actions: Pick<Actions, 'linkForAnotherDevice'>,
  now: () => number = () => performance.now(),
): Part {
  const { another: words } = messages;
  const code = h('div', { class: 'another-code' });
  const link = h('input', { type: 'text', readonly: true, 'aria-label': words.link, spellcheck: 'false' });
  link.addEventListener('focus', () => link.select());
  const keep = h('p', {}, words.keep);
  const said = h('p', { class: 'hint', 'aria-live': 'polite' });
  const copy = button('secondary', words.copy, () => void copyLink());
  const share = button('secondary', words.share, () => {
    // The candidate may close the list of apps, which is no failure.
    void navigator.share({ title: document.title, url: link.value }).catch(() => {});
  });
  show(share, 'share' in navigator);
  const panel = h(
    'div',
    { class: 'another-panel', id: 'another-panel', hidden: true },
    ...[h('p', {}, words.how), keep, code, h('div', { class: 'field' }, link)],
    ...[h('div', { class: 'choice' }, copy, share), said, h('p', { class: 'hint' }, words.secret)],
  );
  const offer = button('secondary', words.offer, () => (panel.hidden ? void open() : close()));
  const element = h('section', { class: 'another', hidden: true }, offer, panel);
  let offered: ReturnType<typeof offerIn> = null;
  let since = 0;
  close();

  function close(): void {
    show(panel, false);
    setAttribute(offer, 'aria-expanded', 'false');
    setAttribute(offer, 'aria-controls', panel.id);
    code.replaceChildren();
    link.value = '';
    setText(said, '');
  }

  async function open(): Promise<void> {
    link.value = actions.linkForAnotherDevice();
    show(panel, true);
    setAttribute(offer, 'aria-expanded', 'true');
    const { value } = link;
    // Where the code can't be loaded, the link is still there.
    const qr = await import('./qr-code.ts').catch(() => null);
    if (qr && link.value === value) code.replaceChildren(qr.drawQrCode(value, words.code));
  }

  async function copyLink(): Promise<void> {
    try {
      await navigator.clipboard.writeText(link.value);
      setText(said, words.copied);
    } catch {
      link.focus();
      setText(said, words.notCopied);
    }
  }

  return {
    element,
    render(state) {
      const before = offered;
      offered = offerIn(state);
      if (before === null) since = now();
      if (offered !== 'late') show(element, offered === 'now');
      else if (before === null) show(element, false);
      if (offered === null && !panel.hidden) close();
    },
    live({ recordedBytes, ackedBytes, sentWhenClosed = false }) {
      show(keep, recordedBytes > ackedBytes && !sentWhenClosed);
      if (offered === 'late' && now() - since >= PATIENCE_MS) show(element, true);
    },
  };
}
