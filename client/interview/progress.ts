/** How far the interview has come: which questions are done, which one is shown, and which one is next. */
import type { Question } from '../../server/wire.ts';

/** The part of the page's state that says how far the interview has come; `InterviewState` describes its members. */
export interface Progress {
  questions: Question[];
  answered: number[];
  recorded: number[];
  gate: 'each' | 'end';
  held: number[];
}

/** What is known of the candidate's other devices. */
export interface OtherDevices {
  /** Questions, from 1, whose take another device holds, as the link said that brought the candidate here. */
  held: number[];
  /** Questions, from 1, of which the server is receiving a take, from whatever device. */
  arriving: number[];
  /** The candidate has logged in on another device since: the session goes on there. */
  elsewhere: boolean;
}

/** A candidate who has one device, as far as is known. */
export const oneDevice: OtherDevices = { held: [], arriving: [], elsewhere: false };

/** Adds questions to an ordered list of questions. */
export function union(some: number[], more: number[]): number[] {
  return [...new Set([...some, ...more])].sort((a, b) => a - b);
}

/** The first question, from 1, that is still to be recorded; null where all are. */
export function nextQuestion(state: Progress): number | null {
  return state.questions.find((question) => !isDone(state, question.index))?.index ?? null;
}

/** Whether the question needs no more recording. */
export function isDone({ answered, recorded, gate, held }: Progress, index: number): boolean {
  return answered.includes(index) || held.includes(index) || (gate === 'end' && recorded.includes(index));
}

/** The first question, from 1, whose answer another device still holds; null where none does. */
export function heldQuestion({ held, answered }: Pick<Progress, 'held' | 'answered'>): number | null {
  return held.find((index) => !answered.includes(index)) ?? null;
}

/** How many takes the question still allows. */
export function takesLeft(
  { questions, takesUsed }: Pick<Progress, 'questions'> & { takesUsed: Record<number, number> },
  index: number,
): number {
  const maxTakes = questions.find((question) => question.index === index)?.maxTakes ?? 1;
  return Math.max(0, maxTakes - (takesUsed[index] ?? 0));
}

/** The question that the page shows; null outside of questions. */
export function currentQuestion({
  questions,
  phase,
}: Pick<Progress, 'questions'> & { phase: object }): Question | null {
  return 'question' in phase ? (questions.find(({ index }) => index === phase.question) ?? null) : null;
}

/** Whether no question is left to answer after `index`: there "Next question" reads "Finish interview". */
export function isLast(state: Progress, index: number): boolean {
  return state.questions.every((question) => question.index === index || isDone(state, question.index));
}
