import type { AlertCode } from '../interview.ts';

/** What a text about a refusal may need to know. */
export interface RefusalFacts {
  retryAfterSeconds: number | null;
  /** Questions (from 1) whose answer has not arrived. */
  missing: number[];
}

interface AlertWords {
  title: string;
  text: string;
}

const seconds = (n: number) => (n === 1 ? '1 second' : `${n} seconds`);

/** English. Names that people and tests look for are fixed by the contract, section 6, letter by letter. */
export const en = {
  lang: 'en',
  languageName: 'English',
  languages: 'Language',

  login: {
    pageTitle: 'Log in · TresGo',
    title: 'Welcome to your interview',
    lead: 'Use the token you were sent, and your name as it stands in your invitation.',
    token: 'Token',
    fullName: 'Full name',
    logIn: 'Log in',
    working: 'Logging in…',
    tokenMissing: 'Please type the token from your invitation.',
    nameMissing: 'Please type your full name.',
    kept: (name: string) => `You have already started on this device as ${name}. Nothing is lost.`,
    goOn: 'Continue your interview',
    storageRefused:
      'This browser keeps nothing for this site, so your answers could be lost. Leave private browsing or allow cookies and site data, then reload this page.',
    promise: 'Your answers are kept on your device until they have safely arrived.',
  },

  states: {
    requesting: 'Requesting permissions',
    recording: 'Recording',
    uploading: 'Uploading',
    success: 'Upload Success',
    failed: 'Upload Failed',
    retrying: (s: number) => `Retrying in ${s} s`,
  },

  sentences: {
    loading: 'Getting your interview ready…',
    requesting: 'Your browser may ask you: please allow the camera and the microphone.',
    notReady: 'The camera and the microphone are not ready yet.',
    ready: 'The camera and the microphone work. Start when you like.',
    recording: 'Take your time. Your answer is sent while you speak.',
    recordingOffline: 'There is no connection right now. Keep speaking: your answer is kept on this device.',
    uploading: 'The last seconds of your answer are on their way.',
    waiting: 'The connection is weak or gone. Your answer is safe on this device.',
    failed: 'Your answer is safe on this device. We keep trying by ourselves; “Retry” tries at once.',
    open: 'Your answer has arrived.',
    closing: 'All answers are in. We are closing your interview.',
    closingWaits: 'All your answers have arrived. The connection is weak or gone; we try again by ourselves.',
    refusedAnswer: 'Please read what happened, and answer again.',
    closingFailed:
      'All your answers have arrived. Only closing the interview has not worked yet. We keep trying by ourselves; “Retry” tries at once.',
    finished: 'All your answers have arrived.',
  },

  steps: {
    label: 'Your progress',
    answered: (n: number) => `${n}: answered`,
    current: (n: number) => `${n}: now`,
    coming: (n: number) => `${n}: to come`,
  },

  check: {
    heading: 'Check your camera and microphone',
    greeting: (title: string, count: number) => `${title} · ${count === 1 ? '1 question' : `${count} questions`}`,
    back: (answered: number, count: number, next: number) =>
      `Welcome back. ${answered} of ${count} answers have arrived; you go on with question ${next}.`,
    plan: [
      'The questions come one at a time. Recording begins by itself as soon as you see a question.',
      'When you have said all you want to say, go on with the button below the question.',
      'If the connection drops, just keep speaking. Your answer stays on this device until it has arrived.',
    ],
    camera: 'Camera',
    microphone: 'Microphone',
    cameraNumber: (n: number) => `Camera ${n}`,
    microphoneNumber: (n: number) => `Microphone ${n}`,
    level: 'Microphone level',
    levelHint: 'Say a few words: the bar should move.',
    start: 'Start interview',
    preview: 'Your picture, as the camera sees it',
    noPicture: 'No picture yet',
  },

  question: {
    heading: (n: number, count: number) => `Question ${n} of ${count}`,
    next: 'Next question',
    finish: 'Finish interview',
    limit: (time: string) => `of ${time}`,
    elapsed: 'Time spoken',
    sent: (acked: string, recorded: string) => `${acked} of ${recorded} sent`,
    nothingYet: 'Nothing sent yet',
  },

  gate: {
    heading: 'Sending your answer',
    progress: 'Answer sent',
    retry: 'Retry',
    stay: 'Please keep this page open.',
  },

  recovered: {
    heading: 'Your answer was cut short',
    text: (s: number) =>
      `We saved ${seconds(s)} of your answer before the page was reloaded, and are sending them now. You can keep them as your answer, or answer this question again; that costs you nothing.`,
    interrupted: (s: number) =>
      `We saved ${seconds(s)} of your answer before the recording stopped, and are sending them now. You can keep them as your answer, or answer this question again; that costs you nothing.`,
    refused: 'The server can’t take this answer. Please answer this question again; that costs you nothing.',
    keep: 'Keep this answer',
    again: 'Answer again',
  },

  finishing: { heading: 'Almost done', text: 'We are closing your interview. This takes a moment.' },

  finished: {
    heading: 'Interview finished',
    thanks: 'Thank you! Every answer has arrived safely.',
    close: 'You can close this page now.',
  },

  alert: { tryAgain: 'Try again', logInAgain: 'Log in again' },

  alerts: {
    'permission-refused': {
      title: 'The camera or the microphone is not allowed',
      text: 'Nothing is lost. Tap the icon beside the address at the top of the browser (a lock, sliders or a camera), allow the camera and the microphone, then press “Try again”. On an iPhone: Settings, your browser, Camera and Microphone.',
    },
    'no-camera': {
      title: 'We found no camera or no microphone',
      text: 'Nothing is lost. Plug one in or switch it on, then press “Try again”. Or open your link on a phone: it has both.',
    },
    'camera-busy': {
      title: 'The camera or the microphone is in use',
      text: 'Nothing is lost. Close other programs and tabs that use it, such as a video call, then press “Try again”.',
    },
    'insecure-page': {
      title: 'This address gets no camera',
      text: 'Browsers give no camera to pages on plain HTTP. Open your link with https:// in front, or ask the person who invited you for a secure link.',
    },
    'no-media-recorder': {
      title: 'This browser cannot record video',
      text: 'Open your link in a current Chrome, Edge or Firefox, or in Safari 14.1 or newer. If you opened it inside another app, choose “Open in browser”.',
    },
    'recording-interrupted': {
      title: 'The recording stopped by itself',
      text: 'The camera or the microphone went away: a call, a plug or another program may be the reason. What you have said so far is saved and is being sent.',
    },
    'storage-refused': {
      title: 'This device cannot keep your answer',
      text: 'Free some space, or leave private browsing, then press “Try again”. What has already arrived stays safe.',
    },
    'signed-out': {
      title: 'Your token is no longer accepted',
      text: 'It may have expired or been withdrawn. What you recorded stays on this device. Ask the person who invited you, then log in again on this device: everything goes on from here.',
    },
    'no-connection': {
      title: 'The server can’t be reached at the moment',
      text: 'Nothing is lost. Check your connection and keep this page open: it goes on by itself, or at once with “Try again”.',
    },
    'second-tab': {
      title: 'This interview is open in another tab',
      text: 'Go on there, or close that tab and press “Try again” here.',
    },
    'not-kept': {
      title: 'This browser keeps nothing on the device',
      text: 'You can go on. Your answers are sent while you speak, but please do not reload or close this page before the end.',
    },
    'digest-mismatch': {
      title: 'Your answer did not arrive as it was recorded',
      text: 'The whole recording is still on this device. Keep this page open and tell the person who invited you.',
    },
    refused: {
      title: 'The server did not accept this',
      text: 'What you recorded stays on this device. Tell the person who invited you what you read here:',
    },
    unexpected: {
      title: 'Something went wrong on this page',
      text: 'What you recorded stays on this device. Press “Try again”; if that does not help, reload the page.',
    },
  } satisfies Record<AlertCode, AlertWords>,

  refusals: {
    unauthorized: () =>
      'This token and this name do not go together, or the token has expired. Check both against your invitation.',
    'sessions-used-up': () =>
      'This token has been used: its interview is finished. Ask the person who invited you if you need another.',
    'too-many-attempts': ({ retryAfterSeconds }: RefusalFacts) =>
      retryAfterSeconds === null
        ? 'Too many attempts. Please wait a minute, then try again.'
        : `Too many attempts. Please try again in ${seconds(retryAfterSeconds)}.`,
    'answers-missing': ({ missing }: RefusalFacts) =>
      `Not every answer has arrived yet. Still on the way: question ${missing.join(', ')}.`,
    'invalid-field': () => 'Something in the token or the name cannot be read. Please type both again.',
    'session-finished': () => 'This interview is already finished. Every answer has arrived; nothing can be added.',
    'session-not-found': () => 'This interview does not belong to your token. Log in again with your link.',
    'answer-too-large': () =>
      'This answer is longer than the server takes. What has arrived is kept. Tell the person who invited you.',
    'not-a-recording': () =>
      'The server does not know this kind of recording. Try another browser: Chrome, Edge or Firefox.',
    internal: () => 'Something went wrong on the server. Nothing that arrived is lost. Please try again in a moment.',
    unavailable: () => 'The server is not ready at this moment. Nothing is lost. Please try again shortly.',
    'disk-full': () => 'The server has no room at this moment. Keep this page open: it goes on by itself.',
    offline: () => 'The server cannot be reached. Check your connection, then try again.',
    'bad-gateway': () => 'The server gives no proper answer right now. Please try again in a moment.',
  },
};

/** Every language has exactly these words. */
export type Messages = typeof en;
