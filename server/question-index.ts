import type { Session } from '../storage/types.ts';
import { problem } from './problem.ts';

/** `questionIndex` as clients send it: plain decimal digits, from 1. @throws Problem `invalid-question` for anything else */
export function requireQuestion(value: string | null | undefined, { interview }: Session): number {
  const count = interview.questions.length;
  const index = /^[1-9]\d{0,3}$/.test(value ?? '') ? Number(value) : 0;
  if (index < 1 || index > count) {
    throw problem('invalid-question', { detail: `questionIndex must be a whole number from 1 to ${count}.` });
  }
  return index;
}
