/** The `role=status` line: one of the six states, and a sentence that explains the state to the candidate. */
import type { Messages } from '../i18n/index.ts';
import type { Live } from '../interview/actions.ts';
import { type Alert, type InterviewState, isLast } from '../interview/state.ts';
import type { Gate } from '../upload/events.ts';
import { h, setAttribute, setText, show } from './dom.ts';
import type { Part } from './part.ts';

type Tone = 'calm' | 'busy' | 'recording' | 'good' | 'warning' | 'bad';

interface Status {
  /** Empty where none of the six states holds. */
  state: string;
  sentence: string;
  tone: Tone;
}

/** What is known of the way to the server, and of the microphone. */
type Way = Pick<Live, 'network' | 'obstacle' | 'sound'>;

/** After these alerts the browser asks for no permission any more: the candidate has to act first. */
const blocking: ReadonlySet<Alert['code']> = new Set([
  'permission-refused',
  'no-camera',
  'camera-busy',
  'insecure-page',
  'no-media-recorder',
  'recorder-failed',
]);

/** The status line. */
export function createStatus(messages: Messages): Part {
  const stateText = h('strong', { class: 'status-state' });
  const sentenceText = h('span', { class: 'status-sentence' });
  const element = h('p', { class: 'status', role: 'status' }, stateText, sentenceText);
  let last: InterviewState | null = null;
  let way: Way = { network: 'online', obstacle: null, sound: 'unknown' };
  let waitedSeconds = 0;

  const render = (state: InterviewState) => {
    last = state;
    const status = statusOf(state, way, messages);
    const gate = 'gate' in state.phase ? state.phase.gate : null;
    const seconds = gate?.kind === 'waiting' ? gate.seconds : 0;
    // A screen reader announces a countdown once, at its start, and not every second.
    const ticking = seconds > 0 && waitedSeconds > 0 && seconds <= waitedSeconds;
    waitedSeconds = seconds;
    setAttribute(element, 'aria-live', ticking ? 'off' : 'polite');
    setAttribute(element, 'data-tone', status.tone);
    setText(stateText, status.state);
    show(stateText, status.state !== '');
    setText(sentenceText, status.sentence);
  };

  return {
    element,
    render,
    live(live) {
      if (live.network === way.network && live.obstacle === way.obstacle && live.sound === way.sound) return;
      way = { network: live.network, obstacle: live.obstacle, sound: live.sound };
      if (last !== null) render(last);
    },
  };
}

/** The alert says what is wrong, or what the page waits for. */
const alertTells: Status = { state: '', sentence: '', tone: 'calm' };

function statusOf(
  state: InterviewState,
  { network, obstacle, sound }: Way,
  { states, check, ...messages }: Messages,
): Status {
  const { phase, alert, voiceAlone } = state;
  const { requesting, notReady, ready } = messages.voice;
  const sentences = { ...messages.sentences, ...(voiceAlone && { requesting, notReady, ready }) };
  // What the candidate can do about it says more than that the connection is weak.
  if (obstacle !== null) sentences.waiting = sentences.failed = obstacleWords(obstacle, messages.sentences);
  const signedOut = alert?.code === 'signed-out';
  if (signedOut) sentences.waiting = sentences.failed = sentences.held;
  const asking: Status = { state: states.requesting, sentence: sentences.requesting, tone: 'busy' };
  const stuck: Status = { state: '', sentence: sentences.notReady, tone: 'warning' };
  switch (phase.name) {
    case 'loading':
      if (alert !== null) return alertTells;
      return { state: '', sentence: sentences.loading, tone: 'busy' };
    case 'consent': {
      if (phase.stage === 'asking') return { state: '', sentence: messages.consent.off, tone: 'calm' };
      if (alert !== null) return alertTells;
      return { state: '', sentence: messages.consent.sending, tone: 'busy' };
    }
    case 'checking':
      if (alert !== null && blocking.has(alert.code)) return stuck;
      if (!phase.ready) return asking;
      // What was heard once counts: the candidate is silent while they read.
      if (sound === 'heard' || sound === 'quiet') return { state: '', sentence: sentences.ready, tone: 'good' };
      if (sound === 'silent') return { state: '', sentence: check.unheard, tone: 'warning' };
      return { state: '', sentence: check.speak, tone: 'busy' };
    case 'requesting':
      if (alert?.code === 'storage-refused') return alertTells;
      if (alert !== null && blocking.has(alert.code)) return stuck;
      return asking;
    case 'practice':
      if (phase.stage === 'watching') return { state: '', sentence: sentences.practised, tone: 'good' };
      if (phase.stage === 'counting') return { state: '', sentence: sentences.counting, tone: 'calm' };
      return { state: '', sentence: sentences.practising, tone: 'recording' };
    case 'reading':
    case 'thinking':
      return { state: '', sentence: sentences.thinking, tone: 'calm' };
    case 'counting':
      return { state: '', sentence: sentences.counting, tone: 'calm' };
    case 'recording': {
      const words = {
        online: sentences.recording,
        stalled: sentences.recordingStalled,
        offline: sentences.recordingOffline,
      };
      const state = voiceAlone ? messages.voice.recording : states.recording;
      const sentence = signedOut ? sentences.recordingHeld : words[network];
      return { state, sentence, tone: 'recording' };
    }
    case 'elsewhere':
      if (phase.unsent > 0 && network !== 'online')
        return { state: '', sentence: `${sentences.waiting} ${messages.another.keep}`, tone: 'warning' };
      if (phase.unsent > 0) return { state: states.uploading, sentence: messages.another.keep, tone: 'busy' };
      return { state: states.success, sentence: messages.another.allSent, tone: 'good' };
    case 'awaiting':
      return { state: '', sentence: messages.another.waiting, tone: 'calm' };
    case 'paused':
      return { state: '', sentence: sentences.paused, tone: 'calm' };
    case 'recovered':
      if (phase.cause === 'refused') return { state: states.failed, sentence: sentences.refusedAnswer, tone: 'bad' };
      return gateStatus(phase.gate, { states, sentences });
    case 'gate': {
      if (state.gate === 'each') return gateStatus(phase.gate, { states, sentences });
      const uploading = isLast(state, phase.question) ? sentences.uploadingAll : sentences.keptHere;
      return gateStatus(phase.gate, { states, sentences: { ...sentences, uploading } });
    }
    // Every answer has arrived: "Uploading" or "Upload Failed" would be untrue.
    case 'finishing':
      if (phase.gate.kind === 'waiting')
        return { state: states.retrying(phase.gate.seconds), sentence: sentences.closingWaits, tone: 'warning' };
      if (phase.gate.kind === 'failed') return { state: '', sentence: sentences.closingFailed, tone: 'warning' };
      return { state: '', sentence: sentences.closing, tone: 'busy' };
    case 'finished':
      return { state: states.success, sentence: sentences.finished, tone: 'good' };
  }
}

/** What is in the way: a network that wants a log-in first, or something that refuses uploads. */
function obstacleWords(status: number, { portal, obstacle }: Messages['sentences']): string {
  return status < 400 || status === 511 ? portal : obstacle(status);
}

function gateStatus(gate: Gate, { states, sentences }: Pick<Messages, 'states' | 'sentences'>): Status {
  switch (gate.kind) {
    case 'uploading':
      return { state: states.uploading, sentence: sentences.uploading, tone: 'busy' };
    case 'waiting':
      return { state: states.retrying(gate.seconds), sentence: sentences.waiting, tone: 'warning' };
    case 'failed':
      return { state: states.failed, sentence: sentences.failed, tone: 'bad' };
    case 'open':
      return { state: states.success, sentence: sentences.open, tone: 'good' };
  }
}
