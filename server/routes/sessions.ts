import { Hono } from 'hono';
import { z } from 'zod';
import type { FinishedSession, Storage } from '../../storage/index.ts';
import type { Interview, Session, Token } from '../../storage/types.ts';
import type { Config } from '../config.ts';
import type { Auth } from '../http/auth.ts';
import { toProblem } from '../http/errors.ts';
import { readJson } from '../http/json-body.ts';
import { problem } from '../http/problem.ts';
import { type AddressOf, incomingOf } from '../http/request.ts';
import { fullName } from '../name.ts';
import {
  type FinishSessionResponse,
  type InterviewDetails,
  type ProblemBody,
  paths,
  type Question,
  type Receipt,
  type StartSessionResponse,
  type VerifyTokenResponse,
} from '../wire.ts';

/** What the session routes need. */
interface SessionRoutesDeps {
  storage: Pick<
    Storage,
    'interviews' | 'tokens' | 'sessions' | 'startSession' | 'agree' | 'answered' | 'arriving' | 'finishSession'
  >;
  auth: Auth;
  config: Pick<Config, 'maxAnswerBytes'>;
  addressOf: AddressOf;
  onSession: (event: SessionEvent) => void;
}

/** A session that has just begun, or was just finished. */
export interface SessionEvent {
  what: 'started' | 'finished';
  session: Pick<Session, 'folder' | 'tokenOwner'>;
  /** How many questions are answered, and how many there are. */
  answers: number;
  questions: number;
}

const tokenField = z.string({ error: 'token must be a text' });
const notAnObject = { error: 'The request must be a JSON object.' };
const verifyBody = z.object({ token: tokenField }, notAnObject);
const startBody = z.object(
  {
    token: tokenField,
    userName: z.string({ error: 'userName must be a text' }).pipe(fullName),
    // A hint for the transcript. A value that is no language is ignored: the candidate could not correct it.
    language: z
      .string()
      .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/)
      .nullable()
      .catch(null)
      .default(null),
    // The version of the consent that the candidate has given.
    consent: z.string().max(60).nullable().catch(null).default(null),
    // The log-in of the page, as an earlier response gave it; 0: the candidate logs in, on this device from now on.
    login: z.int().min(0).nullable().catch(null).default(null),
    // The session that the page continues: where it is finished, no other one begins.
    folder: z.string().nullable().catch(null).default(null),
  },
  notAnObject,
);
const finishBody = z.object(
  {
    token: tokenField,
    folder: z.string({ error: 'folder must be a text' }),
    questionsCount: z
      .int({ error: 'questionsCount must be a whole number' })
      .min(1, 'questionsCount is 1 at least')
      .max(10_000, 'questionsCount is 10000 at most'),
    receipt: z.boolean({ error: 'receipt must be true or false' }).default(false),
    // A hint for whoever watches the answers. A value that can't be read is ignored: it must not stop a finish.
    spokenMs: z
      .record(z.string().regex(/^\d{1,5}$/), z.int().min(0).max(86_400_000))
      .catch({})
      .default({}),
  },
  notAnObject,
);

/** The routes of a session: log-in, start and finish. */
export function sessionRoutes({ storage, auth, config, addressOf, onSession }: SessionRoutesDeps): Hono {
  const app = new Hono();
  app.post(paths.verifyToken, async (c) => {
    const { token: secret } = await readJson(incomingOf(c), verifyBody);
    const token = await auth.logIn(secret, addressOf(incomingOf(c)));
    // For the admin's list alone: a full disk refuses nobody here.
    await storage.tokens.open(token).catch(() => {});
    const interview = await requireInterview(token.interview);
    return c.json<VerifyTokenResponse>({
      ok: true,
      interview: { ...detailsOf(interview), questionCount: interview.questions.length },
    });
  });

  app.post(paths.startSession, async (c) => {
    const { token: secret, userName, language, consent, ...page } = await readJson(incomingOf(c), startBody);
    const token = await auth.logInAs(secret, userName, addressOf(incomingOf(c)));
    const continued = page.folder === null ? null : await storage.sessions.getByFolder(page.folder);
    if (continued?.tokenId === token.id && continued.finishedAt)
      throw problem('sessions-used-up', { extra: await finishOf(continued) });
    const interview = await requireInterview(token.interview);
    const mayCreate = auth.mayBegin(token);
    const started = await storage.startSession(token, { userName, interview, mayCreate, language });
    if (!started)
      throw problem('sessions-used-up', { extra: await finishOf((await storage.sessions.list(token.id))[0]) });
    const { session, resumed } = started;
    if (!resumed) onSession({ what: 'started', session, answers: 0, questions: session.interview.questions.length });
    if (consent !== null)
      await storage.agree(session, consent).catch((error: unknown) => {
        throw toProblem(error);
      });
    // What arrives first: an answer that is recorded meanwhile is then in both lists, and not in neither.
    const arriving = await storage.arriving(session);
    const answered = await storage.answered(session);
    const given = session.consent?.version ?? null;
    const asked = session.interview.consent ?? null;
    return c.json<StartSessionResponse>({
      ok: true,
      folder: session.folder,
      resumed,
      interview: {
        ...detailsOf(session.interview),
        gate: session.interview.gate,
        outro: session.interview.outro ?? null,
        allowAudioOnly: session.interview.allowAudioOnly ?? false,
        consent: asked,
      },
      consented: given ?? (asked && asked.version === consent ? consent : null),
      timeFactor: token.timeFactor,
      extraTakes: token.extraTakes,
      questions: questionsOf(session.interview, token),
      answered,
      arriving,
      // A full disk refuses nobody here.
      login: page.login === 0 ? await storage.sessions.logIn(session.id).catch(() => session.logins) : session.logins,
      // Below the same base path as this request.
      uploadEndpoint: `${c.req.path.slice(0, -paths.startSession.length)}${paths.files}`,
      maxBytes: config.maxAnswerBytes,
      expiresAt: token.expiresAt?.toUTC().toISO() ?? null,
    });
  });

  app.post(paths.finishSession, async (c) => {
    const { token: secret, folder, receipt, spokenMs } = await readJson(incomingOf(c), finishBody);
    const token = await auth.authenticate(secret, addressOf(incomingOf(c)));
    const session = await auth.requireSession(token, folder);
    const check = (answered: number[]) => {
      const missing = session.interview.questions.map((_, at) => at + 1).filter((index) => !answered.includes(index));
      if (missing.length === 0) return;
      const detail = `These answers have not arrived whole: ${missing.join(', ')}. Send them, then finish again.`;
      throw problem('answers-missing', { detail, extra: { missing } });
    };
    // A repeat finishes again: a crash may have come between the catalog's entry and meta.json.
    const finished = await storage.finishSession(session.id, check, spokenOf(spokenMs)).catch((error: unknown) => {
      throw toProblem(error);
    });
    if (!finished.repeated)
      onSession({
        what: 'finished',
        session,
        answers: finished.answers.length,
        questions: session.interview.questions.length,
      });
    return c.json<FinishSessionResponse>({ ok: true, ...(receipt && { receipt: receiptOf(finished) }) });
  });

  /** When the session was finished, and with how many answers. */
  async function finishOf(session: Session | undefined): Promise<Partial<ProblemBody>> {
    if (!session?.finishedAt) return {};
    const answers = (await storage.answered(session)).length;
    return { finished: true, finishedAt: session.finishedAt.toUTC().toISO() as string, answers };
  }

  async function requireInterview(slug: string): Promise<Interview> {
    const interview = await storage.interviews.get(slug);
    if (!interview) throw new Error(`a token names the interview ${slug}, which is not in the catalog`);
    return interview;
  }

  return app;
}

function spokenOf(spokenMs: Record<string, number>): Map<number, number> {
  return new Map(Object.entries(spokenMs).map(([question, ms]) => [Number(question), ms]));
}

function receiptOf({ session, finishedAt, answers }: FinishedSession): Receipt {
  return {
    folder: session.folder,
    finishedAt: finishedAt.toUTC().toISO() as string,
    // A take that counts and is recorded has both a name and a digest.
    answers: answers.map(({ question, fileName, offset, sha256, updatedAt }) => ({
      question,
      fileName: fileName ?? '',
      bytes: offset,
      sha256: sha256 ?? '',
      receivedAt: updatedAt.toUTC().toISO() as string,
    })),
  };
}

function detailsOf({ title, ...interview }: Interview): InterviewDetails {
  return {
    title,
    organization: interview.organization ?? null,
    logo: interview.logo ?? null,
    contact: interview.contact ?? null,
    privacyUrl: interview.privacyUrl ?? null,
    intro: interview.intro ?? null,
    language: interview.language ?? null,
  };
}

/** The questions with the times and takes that this person has. */
function questionsOf(
  { questions }: Interview,
  { timeFactor, extraTakes }: Pick<Token, 'timeFactor' | 'extraTakes'>,
): Question[] {
  return questions.map(({ text, readSeconds = 0, thinkSeconds, maxSeconds, maxTakes }, at) => ({
    index: at + 1,
    text,
    readSeconds: Math.ceil(readSeconds * timeFactor),
    thinkSeconds: Math.ceil(thinkSeconds * timeFactor),
    maxSeconds: Math.ceil(maxSeconds * timeFactor),
    maxTakes: maxTakes + extraTakes,
  }));
}
