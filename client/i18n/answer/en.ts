/** English words of an answer on its way: the gate, and the choice to keep it. */
import { duration } from '../durations/en.ts';

/** English words of an answer on its way: the gate, and the choice to keep it. */
export const answer = {
  gate: {
    heading: 'Sending your answer',
    headingAll: 'Sending your answers',
    headingFailed: 'Not sent yet',
    progress: 'Answer sent',
    retry: 'Retry',
    stay: 'Please keep this page open.',
    sentWhenClosed: 'If this page is closed, your device still sends this answer. To go on, open your link again.',
  },

  recovered: {
    heading: 'Your answer was cut short',
    text: (s: number) =>
      `We saved ${duration(s)} of your answer before the page was closed or reloaded. You can keep them as your answer, or answer this question again; that costs you nothing.`,
    interrupted: (s: number) =>
      `We saved ${duration(s)} of your answer before the recording stopped. You can keep them as your answer, or answer this question again; that costs you nothing.`,
    short: (s: number, of: number) =>
      `Of the ${duration(of)} that you spoke, only ${duration(s)} were recorded. You can keep them as your answer, or answer this question again; that costs you nothing.`,
    refusedHeading: 'Please answer this question again',
    refused:
      'This answer can’t be sent. It is still on this device: save a copy if you like. Answering again costs you nothing.',
    refusedLost: 'Answering again costs you nothing.',
    reviewHeading: 'Your answer is recorded',
    muted: (s: number) =>
      `You spoke for ${duration(s)}, and for a part of it the camera or the microphone gave no signal: a call may be the reason. You can keep this as your answer, or answer this question again; that costs you nothing.`,
    review: (s: number) => `You spoke for ${duration(s)}. Play it back if you like, then choose.`,
    reviewUnseen: (s: number) => `You spoke for ${duration(s)}. Please choose.`,
    playIt: 'Play it back first, if you like.',
    playback: 'Your recording',
    keep: 'Keep this answer',
    again: 'Answer again',
    againLeft: (n: number) => `Answer again (${n === 1 ? '1 take' : `${n} takes`} left)`,
  },
};
