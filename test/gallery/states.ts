/** Every state that the candidate's page can be in, by name, with its figures. */
import type { Devices } from '../../client/capture/devices.ts';
import type { BrowserKind } from '../../client/i18n/failures/browser-kind.ts';
import { unknownAbout } from '../../client/interview/about.ts';
import type { Live } from '../../client/interview/actions.ts';
import { type AlertCode, type Cause, type InterviewState, initial, type Phase } from '../../client/interview/state.ts';
import type { Gate } from '../../client/upload/events.ts';
import type { Question } from '../../server/wire.ts';

/** What the gallery draws under a name. */
export interface GalleryState {
  name: string;
  interview: InterviewState;
  live: Live;
  /** Whether the camera's picture is shown. */
  picture: boolean;
  /** Whether there is a recording to play. */
  recording: boolean;
  browser: BrowserKind;
  /** Whether "Continue on another device" has been pressed. */
  another: boolean;
}

const TEXTS = [
  'Please introduce yourself: who you are, and what you are doing at the moment.',
  'Tell us about a time when something went wrong at work. What did you do, and what would you do differently today?',
  'Why would you like to work with us?',
  'What are you especially good at?',
  'Is there anything else that you would like us to know?',
];
const question = (index: number, more: Partial<Question> = {}): Question => ({
  index,
  text: TEXTS[index - 1] ?? '',
  maxSeconds: 600,
  thinkSeconds: 0,
  maxTakes: 1,
  ...more,
});
const questions = TEXTS.map((_, at) => question(at + 1));
const thoughtful = TEXTS.map((_, at) => question(at + 1, { thinkSeconds: 30, maxSeconds: 120, maxTakes: 3 }));
const interview: InterviewState = { ...initial, title: 'First interview', questions };
const quality = { width: 1280, height: 720, frameRate: 30, videoBitsPerSecond: 1_150_000, audioBitsPerSecond: 64_000 };
const still: Live = {
  elapsedMs: 0,
  leftMs: null,
  thinkLeftMs: null,
  level: 0.4,
  sound: 'heard',
  recordedBytes: 0,
  persistedBytes: 0,
  ackedBytes: 0,
  network: 'online',
  uplinkKbps: null,
  obstacle: null,
};
const speaking: Live = {
  ...still,
  elapsedMs: 84_000,
  leftMs: 516_000,
  recordedBytes: 12_600_000,
  persistedBytes: 12_560_000,
  ackedBytes: 12_400_000,
};
/** An organization that says all it can. */
const about = {
  ...unknownAbout,
  organization: 'Bình Minh Coffee',
  contact: 'jobs@binhminh.example',
  privacyUrl: 'https://binhminh.example/privacy',
  intro: 'Welcome! We would like to get to know you. There are no wrong answers.',
  outro: 'Thank you! Lan will call you by Friday.\nUntil then, have a good week.',
  consent: {
    text: 'Bình Minh Coffee records your answers on video and keeps them for six months. Only the hiring team watches them. You may withdraw your consent at any time.',
    version: '2026-01',
  },
  language: 'en',
  expiresAt: '2099-12-04T11:00:00.000Z',
};
const half: Live = { ...speaking, leftMs: null, ackedBytes: 7_300_000, persistedBytes: 12_600_000 };

type More = Partial<
  Pick<
    InterviewState,
    | 'about'
    | 'alert'
    | 'answered'
    | 'recorded'
    | 'gate'
    | 'hints'
    | 'questions'
    | 'quality'
    | 'receipt'
    | 'pausing'
    | 'allowAudioOnly'
    | 'voiceAlone'
    | 'uplinkKbps'
  >
> &
  Partial<Pick<GalleryState, 'live' | 'picture' | 'recording' | 'browser' | 'another'>>;

function state(name: string, phase: Phase, more: More = {}): GalleryState {
  const {
    live = still,
    picture = true,
    recording = false,
    browser = 'chrome-android',
    another = false,
    ...change
  } = more;
  return { name, interview: { ...interview, ...change, phase }, live, picture, recording, browser, another };
}

const takeId = 'take';
const device = (id: string, label: string) => ({ id, label });
const choice: Devices = {
  cameras: [device('c1', 'Front camera (facing the user, 1080p, wide angle)'), device('c2', 'Back camera')],
  microphones: [device('m1', 'Built-in microphone')],
  cameraId: 'c1',
  microphoneId: 'm1',
};
const checking: Phase = { name: 'checking', ready: true, ...choice };
const asking: Phase = { ...checking, ready: false, cameras: [], microphones: [], cameraId: '', microphoneId: '' };
const requesting = { name: 'requesting', question: 2 } as const;
const recording: Phase = { name: 'recording', question: 2, takeId };
const gate = (gate: Gate, question = 2): Phase => ({ name: 'gate', question, takeId, gate });
const recovered = (cause: Cause, gate: Gate = { kind: 'uploading' }, takesLeft = 0): Phase => ({
  name: 'recovered',
  question: 2,
  takeId,
  recordedMs: 84_000,
  cause,
  takesLeft,
  gate,
});
const alert = (code: AlertCode, more: { detail?: string; problem?: string } = {}) => ({ code, ...more });
const digest = (n: number) => `${n}a7f03c91be4d2586`.padEnd(64, `${n}0c5e9d7b1`);
const receipt = {
  title: 'First interview',
  userName: 'Nguyễn Văn A',
  folder: '03_12_2025_13_39_nguyen_van_a',
  finishedAt: '2025-12-03T06:58:12Z',
  answers: questions.map(({ index }) => ({
    question: index,
    fileName: `Q${index}.webm`,
    bytes: 3_140_000 * index,
    sha256: digest(index),
    receivedAt: `2025-12-03T06:4${index}:30Z`,
  })),
  recordedMs: { 1: 62_000, 2: 84_000, 4: 130_000, 5: 31_000 },
};
const answered = [1];
const all = [1, 2, 3, 4, 5];

/** In the order in which a candidate may see them. */
export const states: readonly GalleryState[] = [
  state('loading', { name: 'loading' }, { picture: false }),
  state('loading-no-connection', { name: 'loading' }, { picture: false, alert: alert('no-connection') }),
  state('loading-storage-slow', { name: 'loading' }, { picture: false, alert: alert('storage-slow') }),
  state('loading-second-tab', { name: 'loading' }, { picture: false, alert: alert('second-tab') }),
  state(
    'loading-refused',
    { name: 'loading' },
    { picture: false, alert: alert('refused', { problem: 'session-not-found', detail: 'x' }) },
  ),
  state('consent', { name: 'consent', stage: 'asking' }, { picture: false, about }),
  state(
    'consent-no-connection',
    { name: 'consent', stage: 'sending' },
    { picture: false, about, alert: alert('no-connection') },
  ),
  state('checking-asking', asking, { picture: false, live: { ...still, level: 0, sound: 'unknown' } }),
  state('checking-measuring', checking, { live: { ...still, sound: 'unknown' } }),
  state('checking-ready', checking, { quality }),
  state('checking-thoughtful', checking, { quality, questions: thoughtful }),
  state('checking-organization', checking, { quality, about, questions: thoughtful }),
  state('checking-accommodation', checking, { quality, about: { ...unknownAbout, timeFactor: 1.5, extraTakes: 1 } }),
  state('checking-silent', checking, {
    quality: { ...quality, width: 320, height: 240, videoBitsPerSecond: 90_000 },
    live: { ...still, level: 0, sound: 'silent' },
  }),
  state('checking-unheard', { ...checking, asking: true }, { quality, live: { ...still, level: 0, sound: 'silent' } }),
  state('checking-dark', checking, { quality, hints: ['dark'] }),
  state('checking-battery', checking, { quality, hints: ['battery'] }),
  state('checking-all-hints', checking, {
    quality: { ...quality, width: 320, height: 240, videoBitsPerSecond: 90_000 },
    hints: ['dark', 'battery', 'room'],
    uplinkKbps: 300,
  }),
  state('checking-welcome-back', checking, { quality, answered: [1, 2] }),
  state('checking-not-kept', checking, { quality, alert: alert('not-kept') }),
  state('checking-no-offline-reload', checking, { quality, alert: alert('no-offline-reload') }),
  ...(
    [
      'chrome-android',
      'samsung',
      'firefox-android',
      'chromium-desktop',
      'firefox-desktop',
      'safari-mac',
      'safari-ios',
      'other-ios',
      'zalo',
      'facebook',
      'line',
      'in-app',
      'other',
    ] as const
  ).map((browser) =>
    state(`permission-refused-${browser}`, asking, { picture: false, browser, alert: alert('permission-refused') }),
  ),
  state('checking-no-camera', asking, { picture: false, alert: alert('no-camera') }),
  state('checking-camera-busy', asking, { picture: false, alert: alert('camera-busy') }),
  state('checking-no-camera-voice-offered', asking, {
    picture: false,
    alert: alert('no-camera'),
    allowAudioOnly: true,
  }),
  state('checking-slow-voice-offered', checking, {
    quality: { ...quality, width: 320, height: 180, videoBitsPerSecond: 64_000 },
    allowAudioOnly: true,
    uplinkKbps: 64,
  }),
  state('checking-voice-alone', checking, { quality, picture: false, allowAudioOnly: true, voiceAlone: true }),
  state('checking-insecure-page', asking, { picture: false, alert: alert('insecure-page') }),
  state('checking-no-media-recorder', asking, { picture: false, browser: 'line', alert: alert('no-media-recorder') }),
  state('practice-counting', { name: 'practice', stage: 'counting', seconds: 2 }, { quality }),
  state(
    'practice-recording',
    { name: 'practice', stage: 'recording' },
    { quality, live: { ...still, elapsedMs: 7000 } },
  ),
  state('practice-watching', { name: 'practice', stage: 'watching' }, { quality, recording: true }),
  state('requesting', requesting, { answered, picture: false }),
  state('requesting-refused', requesting, { answered, picture: false, alert: alert('permission-refused') }),
  state(
    'requesting-camera-busy',
    {
      ...requesting,
      devices: { ...choice, cameraId: 'c2' },
    },
    { answered, picture: false, alert: alert('camera-busy') },
  ),
  state('requesting-recorder-failed', requesting, { answered, picture: false, alert: alert('recorder-failed') }),
  state('requesting-storage-refused', requesting, {
    answered,
    alert: alert('storage-refused', { detail: 'QuotaExceededError' }),
  }),
  state(
    'reading',
    { name: 'reading', question: 2 },
    {
      answered,
      questions: questions.map((each) => ({ ...each, readSeconds: 15 })),
      live: { ...still, thinkLeftMs: 11_300 },
    },
  ),
  state('counting', { name: 'counting', question: 2, seconds: 3 }, { answered }),
  state('counting-last', { name: 'counting', question: 5, seconds: 1 }, { answered: [1, 2, 3, 4] }),
  state(
    'thinking',
    { name: 'thinking', question: 2 },
    { answered, questions: thoughtful, live: { ...still, thinkLeftMs: 24_300 } },
  ),
  state(
    'thinking-soon',
    { name: 'thinking', question: 2 },
    { answered, questions: thoughtful, live: { ...still, thinkLeftMs: 8_300 } },
  ),
  state('recording', recording, { answered, live: speaking }),
  state('recording-voice-alone', recording, {
    answered,
    live: speaking,
    picture: false,
    allowAudioOnly: true,
    voiceAlone: true,
  }),
  state('recording-short', { ...recording, short: true }, { answered, live: { ...speaking, elapsedMs: 1400 } }),
  state('recording-pausing', recording, { answered, live: speaking, pausing: true }),
  state('recording-ending', recording, {
    answered,
    questions: thoughtful,
    live: { ...speaking, elapsedMs: 98_000, leftMs: 22_000 },
  }),
  state('recording-silent', recording, { answered, live: { ...speaking, level: 0, sound: 'silent' } }),
  state('recording-stalled', recording, { answered, live: { ...speaking, ackedBytes: 9_900_000, network: 'stalled' } }),
  state('recording-offline', recording, { answered, live: { ...speaking, ackedBytes: 8_100_000, network: 'offline' } }),
  state('recording-working-offline', recording, {
    answered,
    alert: alert('working-offline'),
    live: { ...speaking, ackedBytes: 0, network: 'offline' },
  }),
  state('recording-muted', recording, { answered, alert: alert('device-muted'), live: speaking }),
  state('recording-picture-still', recording, { answered, alert: alert('picture-still'), live: speaking }),
  state('recording-restarted', recording, { answered, alert: alert('recording-restarted'), live: speaking }),
  state('recording-was-hidden', recording, { answered, alert: alert('page-was-hidden'), live: speaking }),
  state('recording-storage-full', recording, { answered, alert: alert('storage-full'), live: speaking }),
  state('recording-signed-out', recording, { answered, alert: alert('signed-out'), live: speaking }),
  state('recording-last', { ...recording, question: 5 }, { answered: [1, 2, 3, 4], live: speaking }),
  state('gate-copy-failed', gate({ kind: 'failed' }), { answered, live: half, alert: alert('copy-failed') }),
  state('gate-signed-out', gate({ kind: 'failed' }), { answered, live: half, alert: alert('signed-out') }),
  state('gate-uploading', gate({ kind: 'uploading' }), { answered, live: half }),
  state('gate-slow', gate({ kind: 'uploading' }), { answered, live: { ...half, uplinkKbps: 900 } }),
  state('gate-waiting', gate({ kind: 'waiting', seconds: 4 }), { answered, live: { ...half, network: 'stalled' } }),
  state('gate-failed', gate({ kind: 'failed' }), { answered, live: { ...half, network: 'offline' }, pausing: true }),
  state('gate-failed-damaged', gate({ kind: 'failed' }), {
    answered,
    live: half,
    alert: alert('refused', { problem: 'upload-damaged', detail: 'x' }),
  }),
  state('gate-digest-mismatch', gate({ kind: 'failed' }), {
    answered,
    live: half,
    about,
    alert: alert('digest-mismatch', { detail: digest(2) }),
  }),
  state('gate-open', gate({ kind: 'open' }), { answered: [1, 2], live: half }),
  state('gate-end-uploading', gate({ kind: 'uploading' }), { answered, recorded: [1], gate: 'end', live: half }),
  state('gate-end-last', gate({ kind: 'uploading' }, 5), { answered: [1, 2], recorded: all, gate: 'end', live: half }),
  state('gate-end-failed', gate({ kind: 'failed' }, 5), {
    answered: [1, 2],
    recorded: all,
    gate: 'end',
    live: { ...half, network: 'offline' },
  }),
  state('recovered-review', recovered('review', { kind: 'uploading' }, 2), {
    answered,
    questions: thoughtful,
    recording: true,
    live: half,
  }),
  state('recovered-review-none-left', recovered('review', { kind: 'open' }), {
    answered,
    questions: thoughtful,
    recording: true,
    live: half,
  }),
  state('recovered-review-unseen', recovered('review', { kind: 'open' }, 1), { answered, live: half, picture: false }),
  state('recovered-muted', recovered('muted', { kind: 'open' }), { answered, live: half, recording: true }),
  state('recovered-short', { ...recovered('short', { kind: 'open' }), recordedMs: 3000, spokenMs: 25_000 } as Phase, {
    answered,
    live: half,
    recording: true,
    alert: alert('recording-silent'),
  }),
  state('recovered-reload', recovered('reload'), { answered, recording: true, live: half }),
  state('recovered-reload-arrived', recovered('reload', { kind: 'open' }), {
    answered: [1, 2],
    picture: false,
    live: half,
  }),
  state('recovered-interrupted', recovered('interrupted', { kind: 'waiting', seconds: 8 }), {
    answered,
    picture: false,
    live: half,
    alert: alert('recording-interrupted'),
  }),
  state('recovered-refused', recovered('refused', { kind: 'failed' }), {
    answered,
    picture: false,
    live: half,
    alert: alert('refused', { problem: 'not-a-recording', detail: 'x' }),
  }),
  state('recovered-lost', recovered('refused', { kind: 'failed' }), {
    answered,
    picture: false,
    live: half,
    alert: alert('take-lost'),
  }),
  state('paused', { name: 'paused' }, { answered: [1, 2], picture: false }),
  state('paused-another-device', { name: 'paused' }, { answered: [1, 2], picture: false, another: true }),
  state('gate-failed-another-device', gate({ kind: 'failed' }), {
    answered,
    live: { ...half, network: 'offline' },
    another: true,
  }),
  state('elsewhere-sending', { name: 'elsewhere', unsent: 1 }, { answered, picture: false, live: half }),
  state(
    'elsewhere-offline',
    { name: 'elsewhere', unsent: 1 },
    {
      answered,
      picture: false,
      live: { ...half, network: 'offline' },
    },
  ),
  state('elsewhere-sent', { name: 'elsewhere', unsent: 0 }, { answered, picture: false }),
  state('awaiting', { name: 'awaiting', question: 2 }, { answered, picture: false }),
  state('finishing', { name: 'finishing', gate: { kind: 'uploading' } }, { answered: all, picture: false }),
  state(
    'finishing-waiting',
    { name: 'finishing', gate: { kind: 'waiting', seconds: 8 } },
    { answered: all, picture: false },
  ),
  state(
    'finishing-failed',
    { name: 'finishing', gate: { kind: 'failed' } },
    { answered: all, picture: false, alert: alert('no-connection') },
  ),
  state(
    'unexpected',
    { name: 'loading' },
    { picture: false, alert: alert('unexpected', { detail: 'TypeError: x is not a function' }) },
  ),
  state('finished', { name: 'finished' }, { answered: all, picture: false, receipt }),
  state('finished-outro', { name: 'finished' }, { answered: all, picture: false, receipt, about }),
  state(
    'finished-earlier',
    { name: 'finished', earlier: { finishedAt: '2025-12-03T06:58:12Z', answers: 5 } },
    { answered: all, picture: false, about: { ...about, outro: null } },
  ),
  state('finished-without-receipt', { name: 'finished' }, { answered: all, picture: false }),
];
