import { another } from './another-device/en.ts';
import { answer } from './answer/en.ts';
import { check } from './check/en.ts';
import { duration } from './durations/en.ts';
import { ending } from './ending/en.ts';
import { failures } from './failures/en.ts';
import { login } from './login/en.ts';
import { question } from './question/en.ts';
import { welcome } from './welcome/en.ts';

/** English words. The names that the test "the names that the contract fixes" lists never change, not by a letter. */
export const en = {
  lang: 'en',
  languages: 'Language',

  states: {
    requesting: 'Requesting permissions',
    recording: 'Recording',
    uploading: 'Uploading',
    success: 'Upload Success',
    failed: 'Upload Failed',
    retrying: (s: number) => `Retrying in ${s} s`,
  },

  steps: {
    label: 'Your progress',
    answered: (n: number) => `${n}: answered`,
    recorded: (n: number) => `${n}: recorded, on its way`,
    current: (n: number) => `${n}: now`,
    coming: (n: number) => `${n}: to come`,
  },

  alert: {
    tryAgain: 'Try again',
    logInAgain: 'Log in again',
    saveCopy: 'Save a copy',
    support: 'Details for support',
    copy: 'Copy',
    copied: 'Copied',
  },

  duration,
  ...login,
  ...welcome,
  ...check,
  ...question,
  ...answer,
  another,
  ...ending,
  ...failures,
};

/** The words that every language has. Functions take the figures of a sentence: `s` is in seconds, `n` is a number or an index from 1. */
export type Messages = typeof en;
