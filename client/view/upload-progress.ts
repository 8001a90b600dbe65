/** How much of the answer is on this device, sent and confirmed: as a picture and in words. */
import type { Messages } from '../i18n/index.ts';
import type { Live } from '../interview/actions.ts';
import type { InterviewState } from '../interview/state.ts';
import { h, icon, setAttribute, setText, show } from './dom.ts';
import { formatBytes } from './format.ts';
import type { Part } from './part.ts';

/** The figures of `Live` that tell where the bytes are. */
type Figures = Pick<Live, 'recordedBytes' | 'persistedBytes' | 'ackedBytes' | 'network' | 'uplinkKbps'>;

/** What the page knows of a take's upload. */
export interface UploadProgress extends Figures {
  /** Bytes in a millisecond of the recording; null = not known. */
  bytesPerMs: number | null;
  /** Whether the take is still recorded: its newest bytes can't have been sent yet. */
  growing: boolean;
  /** Whether the server holds the whole take, with an equal digest. */
  arrived: boolean;
  /** Whether there is no picture. */
  voiceAlone: boolean;
  /** Whether the server takes nothing before the candidate has logged in again. */
  held: boolean;
}

/** On a good connection less video than this is still to be sent while the candidate speaks. */
const FLOWING_MS = 3000;
/** A wait below this is not announced, in seconds: it is over before it is read. */
const SHORT_S = 3;

/** The wait as a person would say it: in steps of 5, 10 or 60 s, and rather too long than too short. */
export function roundWait(seconds: number): number {
  const step = seconds <= 20 ? 5 : seconds <= 115 ? 10 : 60;
  return Math.ceil(seconds / step) * step;
}

/** How long the rest will take, in seconds, on the uplink as it was measured; null where nothing can be said. */
function waitOf({ growing, network, uplinkKbps }: UploadProgress, unsentBytes: number): number | null {
  if (growing || network !== 'online' || uplinkKbps === null || uplinkKbps === 0) return null;
  const seconds = (unsentBytes * 8) / 1000 / uplinkKbps;
  return seconds < SHORT_S ? null : roundWait(seconds);
}

/** The one sentence about the upload. */
export function uploadProgressWords(way: UploadProgress, { uploadProgress: words, voice, lang }: Messages): string {
  if (way.arrived) return words.arrived;
  if (way.held) return words.held;
  const unsentBytes = Math.max(0, way.recordedBytes - way.ackedBytes);
  const unsentMs = way.bytesPerMs === null ? null : unsentBytes / way.bytesPerMs;
  if (way.network === 'online' && way.growing && (unsentMs ?? 0) < FLOWING_MS) return words.safe;
  const wait = waitOf(way, unsentBytes);
  if (wait !== null) return words.wait(wait);
  const rest =
    unsentBytes === 0
      ? ''
      : unsentMs === null
        ? words.bytes(formatBytes(unsentBytes, lang))
        : (way.voiceAlone ? voice.unsent : words.video)(Math.max(1, Math.round(unsentMs / 1000)));
  if (way.network !== 'online') return [words[way.network], rest].filter(Boolean).join(' ');
  if (rest !== '') return rest;
  return way.growing ? words.safe : words.checking;
}

/** One sentence; where the candidate waits, phone, bar and server as a picture; and three amounts behind a tap. */
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
  const text = h('span', { class: 'upload-progress-text' });
  const shield = icon(
    'M12 3l7 3v5c0 4.6-3 8.2-7 10-4-1.8-7-5.4-7-10V6zM8.7 12l2.4 2.4 4.4-4.8',
    'upload-progress-shield',
  );
  const line = h('summary', {}, text);
  line.prepend(shield);
  const more = h('details', { class: 'upload-progress-more' }, line, amounts);
  const element = h('div', { class: 'upload-progress', role: 'group', 'aria-label': words.label }, picture, more);

  let state: InterviewState | null = null;
  let bytesPerMs: number | null = null;
  let live: Figures = { recordedBytes: 0, persistedBytes: 0, ackedBytes: 0, network: 'online', uplinkKbps: null };

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
      held: state.alert?.code === 'signed-out',
      // While an upload waits for its next attempt, nobody knows how long the rest will take.
      uplinkKbps: 'gate' in phase && phase.gate.kind === 'uploading' ? live.uplinkKbps : null,
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
      show(element, !refused && ['recording', 'gate', 'recovered', 'elsewhere'].includes(phase.name));
      // A picture that moves takes the eyes from the question.
      show(picture, phase.name !== 'recording');
      draw();
    },
    live(figures) {
      live = figures;
      if (figures.elapsedMs > 0 && figures.recordedBytes > 0) bytesPerMs = figures.recordedBytes / figures.elapsedMs;
      draw();
    },
  };
}
