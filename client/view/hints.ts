/** Hints while the candidate reads, thinks or speaks. A polite live region of their own: a hint is said once, not counted down. */
import type { Messages } from '../i18n/index.ts';
import type { Live } from '../interview/actions.ts';
import { currentQuestion, type InterviewState } from '../interview/state.ts';
import { h, setText } from './dom.ts';
import type { Part } from './part.ts';

/** The rest of the time to think is said once more when it is this short, if the whole time was at least twice as long. */
const THINK_SOON_MS = 10_000;

/**
 * How long before an answer's limit the candidate is warned, in ms: 30 s, or a fifth of the limit if that is less.
 * `maxSeconds` is the limit.
 */
export function warningMs(maxSeconds: number): number {
  return Math.min(30_000, maxSeconds * 200);
}

/** The line of hints above the buttons. */
export function createHints(messages: Messages): Part {
  const element = h('p', { class: 'hints', 'aria-live': 'polite' });
  let state: InterviewState | null = null;
  let phaseKey = '';
  /** The warning of this phase; it does not change while the rest of the time passes. */
  let ending = '';

  const hint = (live: Live | null): string => {
    const question = state === null ? null : currentQuestion(state);
    const phase = state?.phase;
    const silent = live?.sound === 'silent' || live?.sound === 'quiet' ? messages.question.silent : '';
    if (phase?.name === 'practice') return phase.stage === 'recording' ? silent : '';
    if (question === null) return '';
    if (phase?.name === 'reading') return messages.reading.begin(question.readSeconds ?? 0, question.thinkSeconds);
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
