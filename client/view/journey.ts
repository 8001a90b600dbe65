/** Where the answer is, as a picture and in words: on this device, on its way, confirmed. */
import type { Messages } from '../i18n/index.ts';
import type { Sitting } from '../interview.ts';
import { h, icon, setAttribute, setText, show } from './dom.ts';
import { formatBytes } from './format.ts';
import type { Live, Part } from './part.ts';

/** What the page may say about a take's way. Bytes; `null` where it is not known how many a second of video has. */
export interface Way extends Pick<Live, 'recordedBytes' | 'persistedBytes' | 'ackedBytes' | 'network'> {
  bytesPerMs: number | null;
  /** Still recording: what was said just now can't have been sent yet, and is nothing to worry about. */
  growing: boolean;
  arrived: boolean;
}

/** Less video than this on its way is what a good connection looks like. */
const FLOWING_MS = 3000;

/** The one sentence under the picture. */
export function journeyWords(way: Way, { journey: words, lang }: Messages): string {
  if (way.arrived) return words.arrived;
  const unsentBytes = Math.max(0, way.recordedBytes - way.ackedBytes);
  const unsentMs = way.bytesPerMs === null ? null : unsentBytes / way.bytesPerMs;
  if (way.network === 'online' && way.growing && (unsentMs ?? 0) < FLOWING_MS) return words.flowing;
  const rest =
    unsentBytes === 0
      ? ''
      : unsentMs === null
        ? words.bytes(formatBytes(unsentBytes, lang))
        : words.video(Math.max(1, Math.round(unsentMs / 1000)));
  if (way.network !== 'online') return [words[way.network], rest].filter(Boolean).join(' ');
  if (rest !== '') return rest;
  return way.growing ? words.all : words.checking;
}

export function createJourney(messages: Messages): Part & { live: NonNullable<Part['live']> } {
  const { journey: words, lang } = messages;
  const bar = h('div', {
    class: 'bar',
    role: 'progressbar',
    'aria-label': messages.gate.progress,
    'aria-valuemin': '0',
    'aria-valuemax': '100',
    'aria-valuenow': '0',
  });
  const cut = icon('M7 7l10 10M17 7L7 17', 'journey-cut');
  const still = icon('M9 7v10M15 7v10', 'journey-still');
  const phone = icon(
    'M8 2.5h8a1.5 1.5 0 0 1 1.5 1.5v16a1.5 1.5 0 0 1-1.5 1.5H8A1.5 1.5 0 0 1 6.5 20V4A1.5 1.5 0 0 1 8 2.5zM11 18.5h2',
    'journey-phone',
  );
  const server = icon('M4 4h16v6H4zM4 14h16v6H4zM7 7h.01M7 17h.01M11 7h6M11 17h6', 'journey-server');
  const check = icon('M5 12.5l4.5 4.5L19 7.5', 'journey-check');
  const way = h('div', { class: 'journey-way' }, bar, h('span', { class: 'journey-dots', 'aria-hidden': 'true' }));
  way.append(cut, still);
  const picture = h('div', { class: 'journey-picture' });
  picture.append(phone, way, server, check);

  const amount = (label: string) => {
    const value = h('dd', {});
    return { value, pair: h('div', {}, h('dt', {}, label), value) };
  };
  const [device, sent, confirmed] = [amount(words.device), amount(words.sent), amount(words.confirmed)];
  const amounts = h('dl', { class: 'journey-amounts' }, device.pair, sent.pair, confirmed.pair);
  const text = h('p', { class: 'journey-text' });
  const element = h('div', { class: 'journey', role: 'group', 'aria-label': words.label }, picture, amounts, text);

  let state: Sitting | null = null;
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
    const way: Way = { ...live, ackedBytes, bytesPerMs: rateIn(state), growing: phase.name === 'recording', arrived };
    setAttribute(element, 'data-network', live.network);
    setAttribute(element, 'data-way', arrived ? 'arrived' : recordedBytes > ackedBytes ? 'moving' : 'empty');
    setText(device.value, formatBytes(Math.min(persistedBytes, recordedBytes), lang));
    setText(sent.value, formatBytes(ackedBytes, lang));
    setText(confirmed.value, words.answers(state.answered.length, state.questions.length));
    setText(text, journeyWords(way, messages));
    setAttribute(bar, 'aria-valuenow', String(Math.floor(share * 100)));
    setAttribute(bar, 'aria-valuetext', `${formatBytes(ackedBytes, lang)} / ${formatBytes(recordedBytes, lang)}`);
    bar.style.setProperty('--share', share.toFixed(4));
  };

  /** A take of an earlier life of the page tells its length itself; else what the recorder was seen to make holds. */
  const rateIn = ({ phase }: Sitting): number | null =>
    phase.name === 'recovered' && phase.recordedMs > 0 && live.recordedBytes > 0
      ? live.recordedBytes / phase.recordedMs
      : bytesPerMs;

  return {
    element,
    render(next) {
      state = next;
      const { phase } = next;
      // What the server never takes has no way to show; while the session is being closed every byte is there.
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
