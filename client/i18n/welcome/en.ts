/** English words that welcome the candidate: who asks, what to expect, and what is agreed to. */
import { duration } from '../durations/en.ts';

/** English words that welcome the candidate: who asks, what to expect, and what is agreed to. */
export const welcome = {
  facts: {
    label: 'What to expect',
    questions: (n: number) => (n === 1 ? '1 question' : `${n} questions`),
    each: (s: number) => `up to ${duration(s)} for each answer`,
    range: (most: number, least: number) => `up to ${duration(most)} for an answer, for some ${duration(least)}`,
    oneTake: '1 take each: you can’t go back',
    takes: (n: number) => `${n} takes each`,
    takesRange: (least: number, most: number) => `${least} to ${most} takes for each question`,
    minutes: (n: number) => `set aside up to ${n} minutes in all`,
    until: (day: string, time: string) => `please finish by ${day}, ${time}`,
    moreTime: (factor: string) => `You have ${factor} times the usual time.`,
    moreTakes: (n: number) => `You have ${n === 1 ? '1 more take' : `${n} more takes`} for each question.`,
    /** While the candidate thinks or reads. */
    limits: (s: number, takes: number, left: number) => {
      if (takes === 1) return `Up to ${duration(s)}. You can answer this question once.`;
      if (left === takes) return `Up to ${duration(s)}, ${takes} takes in all.`;
      return `Up to ${duration(s)}, ${left === 1 ? '1 take' : `${left} takes`} left.`;
    },
  },

  organization: {
    about: 'About this interview',
    from: (organization: string) => `A word from ${organization}`,
    privacy: 'What happens to your video',
    goesTo: (organization: string) => `Your video goes to ${organization}.`,
    goesToInviter: 'Your video goes to the person who invited you.',
    contact: 'Contact:',
  },

  consent: {
    heading: 'Before you begin',
    agree: 'I have read this and I agree',
    go: 'Continue',
    missing: 'Please tick the box if you agree. Without it the interview cannot begin.',
    refuse: 'If you do not agree, close this page. Nothing is recorded.',
    off: 'The camera and the microphone are still off.',
    sending: 'One moment, please…',
  },
};
