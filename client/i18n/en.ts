import { failures } from './failures/en.ts';

const seconds = (n: number) => (n === 1 ? '1 second' : `${n} seconds`);
const minutes = (n: number) => (n === 1 ? '1 minute' : `${n} minutes`);
/** A duration of `s` seconds in words: seconds below two minutes, else minutes and seconds. */
const duration = (s: number) => {
  if (s < 120) return seconds(s);
  return s % 60 === 0 ? minutes(s / 60) : `${minutes(Math.floor(s / 60))} ${seconds(s % 60)}`;
};

/** English words. The names that the test "the names that the contract fixes" lists never change, not by a letter. */
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
    practising: 'A practice recording is running.',
    practised: 'See and hear yourself as others will.',
    thinking: 'Nothing is being recorded yet.',
    recording: 'Take your time. Your answer is sent while you speak.',
    recordingStalled: 'The connection is slow right now. Keep speaking: your answer is kept on this device.',
    recordingOffline: 'There is no connection right now. Keep speaking: your answer is kept on this device.',
    uploading: 'The last seconds of your answer are on their way.',
    keptHere: 'Your answer is kept on this device and sent in the background.',
    uploadingAll: 'All your answers are recorded. The last of them are on their way.',
    waiting: 'The connection is weak or gone. Your answer is safe on this device.',
    failed: 'Your answer is safe on this device. We keep trying by ourselves; “Retry” tries at once.',
    obstacle: (status: number) =>
      `Something between you and us refuses uploads (${status}). Try another network, e.g. mobile data. Your answer is safe on this device.`,
    portal:
      'Your network answers in our place, as the log-in page of a hotel or a café does. Log in to it, or try another network, e.g. mobile data. Your answer is safe on this device.',
    open: 'Your answer has arrived.',
    paused: 'You decide when to go on.',
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
    recorded: (n: number) => `${n}: recorded, on its way`,
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
    /** The first line of the plan if a question gives time to think. */
    planThinking: 'The questions come one at a time. Where you get time to think first, a countdown shows it.',
    camera: 'Camera',
    microphone: 'Microphone',
    cameraNumber: (n: number) => `Camera ${n}`,
    microphoneNumber: (n: number) => `Microphone ${n}`,
    level: 'Microphone level',
    levelHint: 'Say a few words: the bar should move.',
    heard: 'We can hear you.',
    silent: 'We can’t hear you yet. Is the right microphone chosen, and is it switched on?',
    start: 'Start interview',
    preview: 'Your picture, as the camera sees it',
    noPicture: 'No picture yet',
    quality: {
      measuring: 'Measuring your connection…',
      chosen: (picture: string, rate: string, connection: string) => `${picture}, ${rate} – ${connection}`,
      great: 'a very good connection',
      good: 'a good connection',
      slow: 'a slow connection, good enough',
      weak: 'a weak connection: small picture, clear voice',
    },
  },

  practice: {
    open: 'Practice question',
    heading: 'Practice',
    question: 'What do you like about the place where you live?',
    note: 'Practice: nothing of this is sent or kept.',
    stop: 'Stop',
    again: 'Try once more',
    back: 'Back to the check',
  },

  thinking: {
    left: 'Time left to think',
    begin: (s: number) => `You have ${duration(s)} to think. Then recording starts by itself.`,
    soon: (s: number) => `${seconds(s)} left to think. Then recording starts by itself.`,
    answerNow: 'Answer now',
  },

  question: {
    heading: (n: number, count: number) => `Question ${n} of ${count}`,
    next: 'Next question',
    finish: 'Finish interview',
    limit: (time: string) => `of ${time}`,
    left: (time: string) => `${time} left`,
    soon: (s: number) =>
      `About ${seconds(s)} left. Finish your thought in peace: all you said is kept, and the recording ends by itself.`,
    elapsed: 'Time spoken',
    silent: 'We can’t hear you at the moment. Is the microphone on?',
    pause: 'Pause after this answer',
  },

  uploadProgress: {
    label: 'Where your answer is',
    device: 'On this device',
    sent: 'Sent',
    confirmed: 'Confirmed',
    answers: (n: number, count: number) => `${n} of ${count} answers`,
    video: (s: number) => `${s} s of video still to send`,
    bytes: (amount: string) => `${amount} still to send`,
    flowing: 'Sent while you speak.',
    all: 'Everything so far is sent.',
    checking: 'All of it is sent. The server is checking it.',
    arrived: 'Arrived whole, and checked.',
    stalled: 'The connection stands still. Nothing is lost.',
    offline: 'No connection. Nothing is lost.',
  },

  gate: {
    heading: 'Sending your answer',
    headingAll: 'Sending your answers',
    progress: 'Answer sent',
    retry: 'Retry',
    stay: 'Please keep this page open.',
  },

  recovered: {
    heading: 'Your answer was cut short',
    text: (s: number) =>
      `We saved ${duration(s)} of your answer before the page was reloaded, and are sending them now. You can keep them as your answer, or answer this question again; that costs you nothing.`,
    interrupted: (s: number) =>
      `We saved ${duration(s)} of your answer before the recording stopped, and are sending them now. You can keep them as your answer, or answer this question again; that costs you nothing.`,
    short: (s: number, of: number) =>
      `Of the ${duration(of)} that you spoke, only ${duration(s)} were recorded. They are being sent now. You can keep them as your answer, or answer this question again; that costs you nothing.`,
    refusedHeading: 'Please answer this question again',
    refused:
      'This answer can’t be sent. It is still on this device: save a copy if you like. Answering again costs you nothing.',
    reviewHeading: 'Your answer is recorded',
    muted: (s: number) =>
      `You spoke for ${duration(s)}, and for a part of it the camera or the microphone delivered nothing: a call may be the reason. You can keep this as your answer, or answer this question again; that costs you nothing.`,
    review: (s: number) => `You spoke for ${duration(s)}. Play it back if you like, then choose.`,
    reviewUnseen: (s: number) => `You spoke for ${duration(s)}. Please choose.`,
    playback: 'Your recording',
    keep: 'Keep this answer',
    again: 'Answer again',
    againLeft: (n: number) => `Answer again (${n === 1 ? '1 take' : `${n} takes`} left)`,
  },

  paused: {
    heading: 'Take a break',
    text: 'Nothing is being recorded; camera and microphone are off.',
    next: (n: number, count: number) => `Next comes question ${n} of ${count}. It waits for you.`,
    resume: 'Continue',
  },

  finishing: { heading: 'Almost done', text: 'We are closing your interview. This takes a moment.' },

  finished: {
    heading: 'Interview finished',
    thanks: 'Thank you! Every answer has arrived safely.',
    close: 'You can close this page now.',
  },

  receipt: {
    heading: 'Your receipt',
    save: 'Save receipt',
    interview: 'Interview',
    name: 'Name',
    folder: 'Folder',
    finishedAt: 'Finished',
    question: 'Question',
    length: 'Length',
    size: 'Size',
    received: 'Received',
    digest: 'Digest',
    unknown: 'unknown',
    full: 'Digests in full (SHA-256)',
    hint: 'A digest is the fingerprint of an answer. It proves that the server holds exactly what was recorded.',
  },

  alert: { tryAgain: 'Try again', logInAgain: 'Log in again', saveCopy: 'Save a copy' },

  duration,
  ...failures,
};

/** The words that every language has. Functions take the figures of a sentence: `s` is in seconds, `n` is a number or an index from 1. */
export type Messages = typeof en;
