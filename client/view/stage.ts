/** The live picture, shared by device check and questions: the one <video> must never be made anew. */
import type { Messages } from '../i18n/index.ts';
import { currentQuestion } from '../interview.ts';
import { h, setAttribute, setText, show } from './dom.ts';
import { formatBytes, formatTime } from './format.ts';
import type { Part } from './part.ts';
import { isAnswering } from './part.ts';

export interface Stage extends Part {
  live: NonNullable<Part['live']>;
  preview(stream: MediaStream | null): void;
}

export function createStage(messages: Messages): Stage {
  const { question: words } = messages;
  const video = h('video', { class: 'stage-video', 'aria-label': messages.check.preview, playsinline: true });
  // The attribute alone does not mute an element made by script; without it autoplay is refused.
  video.muted = true;
  video.autoplay = true;
  const nothing = h('p', { class: 'stage-nothing' }, messages.check.noPicture);
  const elapsed = h('span', { class: 'stage-time', role: 'timer', 'aria-label': words.elapsed }, '0:00');
  const limit = h('span', { class: 'stage-limit' });
  const dot = h('span', { class: 'stage-dot', 'aria-hidden': 'true' });
  const level = h('span', { class: 'stage-level', 'aria-hidden': 'true' });
  const strip = h('div', { class: 'stage-strip' }, dot, elapsed, limit, level);
  const sent = h('p', { class: 'stage-sent' });
  const frame = h('div', { class: 'stage-frame' }, video, nothing, strip);
  const element = h('div', { class: 'stage' }, frame, sent);

  return {
    element,
    render(state) {
      const { phase } = state;
      show(element, phase.name === 'checking' || isAnswering(phase));
      show(strip, phase.name === 'recording');
      show(sent, phase.name === 'recording');
      setAttribute(element, 'data-phase', phase.name);
      const maxSeconds = currentQuestion(state)?.maxSeconds ?? 0;
      setText(limit, maxSeconds > 0 ? words.limit(formatTime(maxSeconds * 1000)) : '');
      if (phase.name === 'requesting') setText(elapsed, formatTime(0));
    },
    live({ elapsedMs, ackedBytes, recordedBytes }) {
      setText(elapsed, formatTime(elapsedMs));
      const [acked, recorded] = [formatBytes(ackedBytes, messages.lang), formatBytes(recordedBytes, messages.lang)];
      setText(sent, ackedBytes > 0 ? words.sent(acked, recorded) : words.nothingYet);
    },
    preview(stream) {
      show(nothing, stream === null);
      if (video.srcObject === stream) return;
      video.srcObject = stream;
      // Refused or overtaken by the next stream: the picture is a comfort, the recording does not need it.
      if (stream !== null) video.play().catch(() => undefined);
    },
  };
}
