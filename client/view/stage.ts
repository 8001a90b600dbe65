/** The picture of device check, questions and playback: one live <video>, which must not be created a second time. */
import type { Messages } from '../i18n/index.ts';
import type { InterviewState, Phase } from '../interview/state.ts';
import { button, h, icon, setAttribute, setText, show } from './dom.ts';
import { formatTime } from './format.ts';
import { isAnswering, type Part } from './part.ts';

/** A microphone on its stand. */
const MICROPHONE = 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21M8.5 21h7';

/** The tab remembers here that the candidate does not want to see themselves. */
const HIDDEN_KEY = 'tresgoPictureHidden';

/** The picture, and the calls that change its source. */
export interface Stage extends Part {
  live: NonNullable<Part['live']>;
  /** The element of the live picture. */
  readonly picture: HTMLVideoElement;
  /** Shows a live picture; null = none. */
  preview(stream: MediaStream | null): void;
  /** Plays a recording with sound and controls in place of the live picture; null = the live picture again. */
  playback(recording: Blob | null): void;
}

/** The element of the live picture. It outlasts a change of the language. */
function createPicture(): HTMLVideoElement {
  const video = h('video', { class: 'stage-video', playsinline: true });
  // The attribute alone does not mute an element made by script; without it autoplay is refused.
  video.muted = true;
  video.autoplay = true;
  return video;
}

/** The picture, with the time to think over it. `video`: the element of the view that stood here before. */
export function createStage(messages: Messages, video = createPicture()): Stage {
  const { check, voice } = messages;
  setAttribute(video, 'aria-label', check.preview);
  const player = h('video', {
    class: 'stage-player',
    'aria-label': messages.recovered.playback,
    playsinline: true,
    controls: true,
    hidden: true,
  });
  const nothing = h('p', { class: 'stage-nothing' });
  // A calm picture that moves with the voice.
  const speaking = h('div', { class: 'stage-voice', 'aria-hidden': 'true' });
  speaking.append(icon(MICROPHONE, 'stage-microphone'));
  const count = h('span', { class: 'stage-count', role: 'timer' });
  const frame = h('div', { class: 'stage-frame' }, video, speaking, nothing, player, count);
  const element = h('div', { class: 'stage' }, frame);
  const shape = () => {
    if (video.videoWidth > 0) frame.style.setProperty('--ratio', (video.videoWidth / video.videoHeight).toFixed(4));
  };
  shape();
  // A phone that is turned changes the shape of its picture.
  video.onresize = shape;
  let last: InterviewState | null = null;
  let address = '';
  let hidden = wasHidden();
  const toggle = button('secondary', '', () => {
    hidden = !hidden;
    rememberHidden(hidden);
    if (last !== null) render(last);
  });
  toggle.classList.add('stage-toggle');
  frame.append(toggle);

  const render = (state: InterviewState) => {
    last = state;
    const { phase } = state;
    const watching = address !== '' && (phase.name === 'recovered' || phase.name === 'practice');
    show(element, phase.name === 'checking' || phase.name === 'practice' || isAnswering(phase) || watching);
    const seconds = 'seconds' in phase ? String(phase.seconds) : '';
    show(count, seconds !== '' || phase.name === 'reading' || phase.name === 'thinking');
    setAttribute(count, 'data-seconds', seconds);
    setAttribute(count, 'aria-label', leftWords(phase.name, messages));
    if (seconds !== '') setText(count, seconds);
    show(player, watching);
    show(video, !watching);
    const live = video.srcObject !== null && !state.voiceAlone && !watching;
    show(nothing, (!live && !watching) || (live && hidden));
    setText(nothing, state.voiceAlone ? voice.picture : live ? check.pictureHidden : check.noPicture);
    // Invisible and not absent: its pictures still tell whether it is dark.
    video.classList.toggle('unseen', hidden);
    show(toggle, live);
    setText(toggle, hidden ? check.showPicture : check.hidePicture);
    show(speaking, state.voiceAlone && !watching);
    setAttribute(element, 'data-phase', phase.name);
  };

  return {
    element,
    picture: video,
    render,
    live({ thinkLeftMs }) {
      // Rounded up: 0:00 means that the time is over.
      if (thinkLeftMs !== null) setText(count, formatTime(Math.ceil(thinkLeftMs / 1000) * 1000));
    },
    preview(stream) {
      if (video.srcObject !== stream) {
        video.srcObject = stream;
        // A camera that looks away from the candidate is no mirror.
        setAttribute(video, 'data-facing', stream?.getVideoTracks()[0]?.getSettings().facingMode ?? '');
        // The browser may refuse to play, or the next stream may come first. The recording does not need the picture.
        if (stream !== null) video.play().catch(() => undefined);
      }
      if (last !== null) render(last);
    },
    playback(recording) {
      if (address !== '') URL.revokeObjectURL(address);
      address = recording === null ? '' : URL.createObjectURL(recording);
      if (address === '') {
        player.removeAttribute('src');
        player.load();
      } else player.src = address;
      if (last !== null) render(last);
    },
  };
}

/** What the time over the picture is. */
function leftWords(phase: Phase['name'], { reading, thinking, counting }: Messages): string {
  if (phase === 'reading') return reading.left;
  return phase === 'thinking' ? thinking.left : counting.left;
}

function wasHidden(): boolean {
  try {
    return sessionStorage.getItem(HIDDEN_KEY) !== null;
  } catch {
    return false;
  }
}

/** Where the browser refuses to store anything, the page alone remembers. */
function rememberHidden(hidden: boolean): void {
  try {
    if (hidden) sessionStorage.setItem(HIDDEN_KEY, 'true');
    else sessionStorage.removeItem(HIDDEN_KEY);
  } catch {}
}
