/** The time of the recording, beside the status line: no button, alert or picture hides it. */
import type { Messages } from '../i18n/index.ts';
import { currentQuestion, type InterviewState } from '../interview/state.ts';
import { h, setAttribute, setText, show } from './dom.ts';
import { formatTime } from './format.ts';
import { warningMs } from './hints.ts';
import type { Part } from './part.ts';

/** Time spoken, the answer's limit, and how loud the microphone is. */
export function createClock({ question: words }: Messages): Part {
  const elapsed = h('span', { class: 'clock-time', role: 'timer', 'aria-label': words.elapsed }, '0:00');
  const limit = h('span', { class: 'clock-limit' });
  const level = h('span', { class: 'clock-level', 'aria-hidden': 'true' });
  const spent = h('span', { class: 'clock-spent', 'aria-hidden': 'true' });
  const element = h('div', { class: 'clock' }, elapsed, limit, level, spent);
  let last: InterviewState | null = null;
  return {
    element,
    render(state) {
      last = state;
      const { phase } = state;
      show(element, phase.name === 'recording' || (phase.name === 'practice' && phase.stage === 'recording'));
      show(limit, phase.name === 'recording');
      show(spent, phase.name === 'recording');
      if (phase.name === 'requesting') setText(elapsed, formatTime(0));
    },
    live({ elapsedMs, leftMs }) {
      setText(elapsed, formatTime(elapsedMs));
      const maxMs = (last === null ? 0 : (currentQuestion(last)?.maxSeconds ?? 0)) * 1000;
      const ending = leftMs !== null && leftMs <= warningMs(maxMs / 1000);
      setAttribute(element, 'data-ending', String(ending));
      // Rounded up: 0:00 means that the time is over.
      const left = formatTime(Math.ceil((leftMs ?? 0) / 1000) * 1000);
      setText(limit, ending ? words.left(left) : maxMs > 0 ? words.limit(formatTime(maxMs)) : '');
      const share = leftMs === null || maxMs === 0 ? 0 : 1 - Math.min(1, Math.max(0, leftMs / maxMs));
      spent.style.setProperty('--spent', share.toFixed(4));
    },
  };
}
