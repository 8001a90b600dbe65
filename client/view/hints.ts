/** What is worth a quiet word while thinking or speaking. Its own polite region: said once, never counted down. */
import type { Messages } from '../i18n/index.ts';
import { currentQuestion, type Sitting } from '../interview.ts';
import { h, setText } from './dom.ts';
import type { Live, Part } from './part.ts';

/** The last moments of the time to think are said once more, unless there was hardly more than that. */
const THINK_SOON_MS = 10_000;

/** When the warning of an answer's limit comes: half a minute before it, or in its last fifth. */
export function warningMs(maxSeconds: number): number {
  return Math.min(30_000, maxSeconds * 200);
}

export function createHints(messages: Messages): Part {
  const element = h('p', { class: 'hints', 'aria-live': 'polite' });
  let state: Sitting | null = null;
  let phaseKey = '';
  /** Said for this phase; it stays as it is while the time runs on. */
  let ending = '';

  const hint = (live: Live | null): string => {
    const question = state === null ? null : currentQuestion(state);
    const phase = state?.phase;
    const silent = live?.hearing === 'silent' ? messages.question.silent : '';
    if (phase?.name === 'practice') return phase.stage === 'recording' ? silent : '';
    if (question === null) return '';
    if (phase?.name === 'thinking') {
      const thinkMs = question.thinkSeconds * 1000;
      const leftMs = live?.thinkLeftMs ?? thinkMs;
      const soon = leftMs <= THINK_SOON_MS && thinkMs >= 2 * THINK_SOON_MS;
      return soon ? messages.thinking.soon(THINK_SOON_MS / 1000) : messages.thinking.begin(question.thinkSeconds);
    }
    if (phase?.name !== 'recording') return '';
    const leftMs = live?.leftMs ?? null;
    if (ending === '' && leftMs !== null && leftMs <= warningMs(question.maxSeconds)) {
      ending = messages.question.soon(Math.max(1, Math.ceil(leftMs / 1000)));
    }
    return ending || silent;
  };

  return {
    element,
    render(next) {
      state = next;
      const { phase } = next;
      const key = `${phase.name} ${'takeId' in phase ? phase.takeId : ''} ${'question' in phase ? phase.question : ''}`;
      if (key === phaseKey) return;
      phaseKey = key;
      ending = '';
      setText(element, hint(null));
    },
    live(live) {
      setText(element, hint(live));
    },
  };
}
