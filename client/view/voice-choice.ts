/** The choice to answer by voice alone: offered where the camera fails, or the uplink carries no picture. */
import { VOICE_ALONE_KBPS } from '../capture/quality.ts';
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import type { AlertCode, InterviewState } from '../interview/state.ts';
import { button, h, setText, show } from './dom.ts';
import type { Part } from './part.ts';

/** Alerts that a camera may be the reason of. */
const failing: ReadonlySet<AlertCode> = new Set([
  'permission-refused',
  'no-camera',
  'camera-busy',
  'camera-waits',
  'recorder-failed',
]);

/** Why the choice is offered; null where it is not. */
function offerOf({ allowAudioOnly, voiceAlone, alert, uplinkKbps }: InterviewState): 'failed' | 'slow' | null {
  if (!allowAudioOnly || voiceAlone) return null;
  if (alert !== null && failing.has(alert.code)) return 'failed';
  return uplinkKbps !== null && uplinkKbps < VOICE_ALONE_KBPS ? 'slow' : null;
}

/** One sentence and one button: to leave the camera off, and to take it back. */
export function createVoiceChoice({ voice: words }: Messages, actions: Pick<Actions, 'voiceAlone'>): Part {
  const text = h('p', { class: 'voice-choice-text' });
  const choose = button('secondary', words.choose, () => actions.voiceAlone(true));
  const camera = button('secondary', words.camera, () => actions.voiceAlone(false));
  const element = h('section', { class: 'voice-choice', 'aria-live': 'polite' }, text, choose, camera);
  return {
    element,
    render(state) {
      const { phase, voiceAlone, alert } = state;
      const offer = offerOf(state);
      const before = phase.name === 'checking' || (phase.name === 'requesting' && alert !== null);
      show(element, before && (offer !== null || voiceAlone));
      show(choose, !voiceAlone);
      show(camera, voiceAlone);
      setText(text, voiceAlone ? words.chosen : offer === 'failed' ? words.offerFailed : words.offerSlow);
    },
  };
}
