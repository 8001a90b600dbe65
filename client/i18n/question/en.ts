/** English words of a question: to think, to speak, to pause. */
import { duration, seconds } from '../durations/en.ts';

/** English words of a question: to think, to speak, to pause. */
export const question = {
  sentences: {
    loading: 'Getting your interview ready…',
    requesting: 'Your browser may ask you: please allow the camera and the microphone.',
    notReady: 'The camera and the microphone are not ready yet.',
    ready: 'The camera and the microphone work. Start when you like.',
    practising: 'A practice recording is running.',
    practised: 'See and hear yourself as others will.',
    thinking: 'Nothing is being recorded yet.',
    counting: 'Get ready: recording starts in a moment.',
    recording: 'Take your time.',
    recordingStalled: 'The connection is slow right now. Keep speaking: your answer is kept on this device.',
    recordingHeld: 'Keep speaking: your answer is kept on this device.',
    recordingOffline: 'There is no connection right now. Keep speaking: your answer is kept on this device.',
    uploading: 'The last seconds of your answer are on their way.',
    keptHere: 'Your answer is kept on this device and sent in the background.',
    uploadingAll: 'All your answers are recorded. The last of them are on their way.',
    waiting: 'The connection is weak or gone. Your answer is safe on this device.',
    failed: 'Your answer is safe on this device. We keep trying by ourselves; “Retry” tries at once.',
    held: 'Your answer is safe on this device. It is sent once you have logged in again.',
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

  reading: {
    left: 'Time left to read',
    begin: (s: number, thinkS: number) =>
      thinkS > 0
        ? `You have ${duration(s)} to read the question, and then ${duration(thinkS)} to think.`
        : `You have ${duration(s)} to read the question. Then recording starts by itself.`,
  },

  counting: { left: 'Recording starts in' },

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
    last: '“Finish interview” ends the interview for good.',
    limit: (time: string) => `of ${time}`,
    left: (time: string) => `${time} left`,
    soon: (s: number) =>
      `About ${seconds(s)} left. Finish your thought in peace: all you said is kept, and the recording ends by itself.`,
    elapsed: 'Time spoken',
    silent: 'We can’t hear you at the moment. Is the microphone on?',
    pause: 'Pause after this answer',
    short: {
      heading: 'That was very short',
      text: 'We are still recording. Do you want to finish this answer already?',
      goOn: 'Go on',
      finish: 'Finish it',
    },
  },

  uploadProgress: {
    label: 'Where your answer is',
    device: 'On this device',
    sent: 'Sent',
    confirmed: 'Confirmed',
    answers: (n: number, count: number) => `${n} of ${count} answers`,
    video: (s: number) => `${s} s of video still to send`,
    bytes: (amount: string) => `${amount} still to send`,
    safe: 'Safe so far.',
    held: 'Kept on this device.',
    wait: (s: number) => (s < 120 ? `About ${s} s left` : `About ${duration(s)} left`),
    checking: 'All of it is sent. The server is checking it.',
    arrived: 'Arrived in full, and checked.',
    stalled: 'The connection has stalled. Nothing is lost.',
    offline: 'No connection. Nothing is lost.',
  },

  paused: {
    heading: 'Take a break',
    text: 'Nothing is being recorded; camera and microphone are off.',
    next: (n: number, count: number) => `Next comes question ${n} of ${count}. It waits for you.`,
    resume: 'Continue',
  },
};
