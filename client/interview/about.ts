/** What the page knows of the interview besides its questions: who asks, for whom, and until when. */
import type { InterviewDetails, Receipt, StartSessionResponse } from '../../server/wire.ts';
import type { ApiError } from '../api.ts';

/** Null where the admin wrote nothing, or where an older page or server told nothing. */
export interface About extends Required<Omit<InterviewDetails, 'title'>> {
  /** Words of the organization at the end. */
  outro: string | null;
  /** What the candidate must agree to before the camera opens. */
  consent: { text: string; version: string } | null;
  /** Until when the candidate should have finished: ISO 8601, UTC. */
  expiresAt: string | null;
  /** What this person's times have been multiplied with, and how many takes were added; 1 and 0 as a rule. */
  timeFactor: number;
  extraTakes: number;
}

/** What is known of an interview that was finished before: when (ISO 8601, UTC), and with how many answers. */
export interface FinishedBefore {
  finishedAt: string;
  answers: number;
}

/** What a refused start tells of the session that was finished; null where it tells nothing. */
export function finishedBefore({ body }: Pick<ApiError, 'body'>): FinishedBefore | null {
  return body?.finished && body.finishedAt ? { finishedAt: body.finishedAt, answers: body.answers ?? 0 } : null;
}

/** An interview of which nothing is known. */
export const unknownAbout: About = {
  organization: null,
  logo: null,
  contact: null,
  privacyUrl: null,
  intro: null,
  language: null,
  outro: null,
  consent: null,
  expiresAt: null,
  timeFactor: 1,
  extraTakes: 0,
};

/** The parts of `StartSessionResponse` that tell it; an older server, and a page of before 0.4, knew fewer. */
export interface Told extends Pick<StartSessionResponse, 'interview'> {
  expiresAt?: string | null | undefined;
  timeFactor?: number | undefined;
  extraTakes?: number | undefined;
}

/** What the server, or the device's memory, tells of the interview. */
export function aboutOf({ interview, ...start }: Told): About {
  const { organization, logo, contact, privacyUrl, intro, language, outro, consent } = interview;
  return {
    organization: organization ?? null,
    logo: logo ?? null,
    contact: contact ?? null,
    privacyUrl: privacyUrl ?? null,
    intro: intro ?? null,
    language: language ?? null,
    outro: outro ?? null,
    consent: consent ?? null,
    expiresAt: start.expiresAt ?? null,
    timeFactor: start.timeFactor ?? 1,
    extraTakes: start.extraTakes ?? 0,
  };
}

/** The server's receipt, with what only this device knows. Devices store it: names and shape must not change. */
export interface SavedReceipt extends Receipt {
  title: string;
  userName: string;
  /** Length of the answer by question, in ms; a question that another device recorded is missing. */
  recordedMs: Record<number, number>;
  /** For a reload after the end; missing where a page of before 0.4 kept the receipt. */
  about?: About;
}
