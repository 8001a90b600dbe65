/** How much of the answer is on this device, sent and confirmed: as a picture and in words. */
import type { Messages } from '../i18n/index.ts';
import type { Live } from '../interview/actions.ts';
import type { InterviewState } from '../interview/state.ts';
import { h, icon, setAttribute, setText, show } from './dom.ts';
import { formatBytes } from './format.ts';
import type { Part } from './part.ts';

/** What the page knows of a take's upload. */
export interface UploadProgress extends Pick<Live, 'recordedBytes' | 'persistedBytes' | 'ackedBytes' | 'network'> {
  /** Bytes in a millisecond of the recording; null = not known. */
  bytesPerMs: number | null;
  /** Whether the take is still recorded: its newest bytes can't have been sent yet. */
  growing: boolean;
  /** Whether the server holds the whole take, with an equal digest. */
  arrived: boolean;
  /** Whether there is no picture. */
  voiceAlone: boolean;
}

/** On a good connection less video than this is still to be sent while the candidate speaks. */
const FLOWING_MS = 3000;

/** The one sentence under the picture. */
export function uploadProgressWords(way: UploadProgress, { uploadProgress: words, voice, lang }: Messages): string {
  if (way.arrived) return words.arrived;
  const unsentBytes = Math.max(0, way.recordedBytes - way.ackedBytes);
  const unsentMs = way.bytesPerMs === null ? null : unsentBytes / way.bytesPerMs;
  if (way.network === 'online' && way.growing && (unsentMs ?? 0) < FLOWING_MS) return words.flowing;
  const rest =
    unsentBytes === 0
      ? ''
      : unsentMs === null
        ? words.bytes(formatBytes(unsentBytes, lang))
        : (way.voiceAlone ? voice.unsent : words.video)(Math.max(1, Math.round(unsentMs / 1000)));
  if (way.network !== 'online') return [words[way.network], rest].filter(Boolean).join(' ');
  if (rest !== '') return rest;
  return way.growing ? words.all : words.checking;
}

/** Phone, bar and server as a picture, three amounts, and one sentence. */
export function createUploadProgress(messages: Messages): Part & { live: NonNullable<Part['live']> } {
  const { uploadProgress: words, lang } = messages;
  const bar = h('div', {
    class: 'bar',
    role: 'progressbar',
    'aria-label': messages.gate.progress,
    'aria-valuemin': '0',
    'aria-valuemax': '100',
    'aria-valuenow': '0',
  });
  const cut = icon('M7 7l10 10M17 7L7 17', 'upload-progress-cut');
  const still = icon('M9 7v10M15 7v10', 'upload-progress-still');
  const phone = icon(
    'M8 2.5h8a1.5 1.5 0 0 1 1.5 1.5v16a1.5 1.5 0 0 1-1.5 1.5H8A1.5 1.5 0 0 1 6.5 20V4A1.5 1.5 0 0 1 8 2.5zM11 18.5h2',
    'upload-progress-phone',
  );
  const server = icon('M4 4h16v6H4zM4 14h16v6H4zM7 7h.01M7 17h.01M11 7h6M11 17h6', 'upload-progress-server');
  const check = icon('M5 12.5l4.5 4.5L19 7.5', 'upload-progress-check');
  const way = h(
    'div',
    { class: 'upload-progress-way' },
    bar,
    h('span', { class: 'upload-progress-dots', 'aria-hidden': 'true' }),
  );
  way.append(cut, still);
  const picture = h('div', { class: 'upload-progress-picture' });
  picture.append(phone, way, server, check);

  const amount = (label: string) => {
    const value = h('dd', {});
    return { value, pair: h('div', {}, h('dt', {}, label), value) };
  };
  const [device, sent, confirmed] = [amount(words.device), amount(words.sent), amount(words.confirmed)];
  const amounts = h('dl', { class: 'upload-progress-amounts' }, device.pair, sent.pair, confirmed.pair);
  const text = h('p', { class: 'upload-progress-text' });
  const element = h(
    'div',
    { class: 'upload-progress', role: 'group', 'aria-label': words.label },
    picture,
    amounts,
    text,
  );

  let state: InterviewState | null = null;
  let bytesPerMs: number | null = null;
  let live: Pick<Live, 'recordedBytes' | 'persistedBytes' | 'ackedBytes' | 'network'> = {
    recordedBytes: 0,
    persistedBytes: 0,
    ackedBytes: 0,
    network: 'online',
  };

  const draw = () => {
    if (state === null) return;
    const { phase } = state;
    const arrived = 'gate' in phase && phase.gate.kind === 'open';
    const { recordedBytes, persistedBytes } = live;
    const ackedBytes = arrived ? recordedBytes : Math.min(live.ackedBytes, recordedBytes);
    const share = arrived ? 1 : recordedBytes > 0 ? ackedBytes / recordedBytes : 0;
    const way: UploadProgress = {
      ...live,
      ackedBytes,
      bytesPerMs: rateIn(state),
      growing: phase.name === 'recording',
      arrived,
      voiceAlone: state.voiceAlone,
    };
    setAttribute(element, 'data-network', live.network);
    setAttribute(element, 'data-way', arrived ? 'arrived' : recordedBytes > ackedBytes ? 'moving' : 'empty');
    setText(device.value, formatBytes(Math.min(persistedBytes, recordedBytes), lang));
    setText(sent.value, formatBytes(ackedBytes, lang));
    setText(confirmed.value, words.answers(state.answered.length, state.questions.length));
    setText(text, uploadProgressWords(way, messages));
    setAttribute(bar, 'aria-valuenow', String(Math.floor(share * 100)));
    setAttribute(bar, 'aria-valuetext', `${formatBytes(ackedBytes, lang)} / ${formatBytes(recordedBytes, lang)}`);
    bar.style.setProperty('--share', share.toFixed(4));
  };

  /** For a take that was recorded before a reload: its bytes by its length; else the rate of the recording seen here. */
  const rateIn = ({ phase }: InterviewState): number | null =>
    phase.name === 'recovered' && phase.recordedMs > 0 && live.recordedBytes > 0
      ? live.recordedBytes / phase.recordedMs
      : bytesPerMs;

  return {
    element,
    render(next) {
      state = next;
      const { phase } = next;
      // A take that the server refuses makes no progress; while the interview is being finished every byte has arrived.
      const refused = phase.name === 'recovered' && phase.cause === 'refused';
      show(element, !refused && ['recording', 'gate', 'recovered'].includes(phase.name));
      draw();
    },
    live(figures) {
      live = figures;
      if (figures.elapsedMs > 0 && figures.recordedBytes > 0) bytesPerMs = figures.recordedBytes / figures.elapsedMs;
      draw();
    },
  };
}
