/** How far the interview has come: which questions are done, which one is shown, and which one is next. */
import type { Question } from '../../server/wire.ts';

/** The part of the page's state that says how far the interview has come; `InterviewState` describes its members. */
export interface Progress {
  questions: Question[];
  answered: number[];
  recorded: number[];
  gate: 'each' | 'end';
}

/** The first question, from 1, that is still to be recorded; null where all are. */
export function nextQuestion(state: Progress): number | null {
  return state.questions.find((question) => !isDone(state, question.index))?.index ?? null;
}

/** Whether the question needs no more recording. */
export function isDone({ answered, recorded, gate }: Progress, index: number): boolean {
  return answered.includes(index) || (gate === 'end' && recorded.includes(index));
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
