import type { IncomingMessage } from 'node:http';
import { Hono } from 'hono';
import { z } from 'zod';
import { answersOf, type FinishedSession, pump, type Storage } from '../../storage/index.ts';
import type { Interview, Session } from '../../storage/types.ts';
import type { Auth } from '../auth.ts';
import { problem } from '../problem.ts';
import { toProblem } from '../refusal.ts';
import { type AddressOf, incomingOf } from '../request.ts';
import {
  type FinishSessionAnswer,
  paths,
  type Question,
  type Receipt,
  type StartSessionAnswer,
  type VerifyTokenAnswer,
} from '../wire.ts';

export interface SessionRoutesDeps {
  storage: Pick<Storage, 'interviews' | 'takes' | 'startSession' | 'finishSession'>;
  auth: Auth;
  addressOf: AddressOf;
}

const MAX_JSON_BYTES = 64 * 1024;
const MAX_NAME_LENGTH = 1000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

const tokenField = z.string({ error: 'token must be a text' });
const notAnObject = { error: 'The request must be a JSON object.' };
const verifyBody = z.object({ token: tokenField }, notAnObject);
const startBody = z.object(
  {
    token: tokenField,
    userName: z
      .string({ error: 'userName must be a text' })
      .trim()
      .min(1, 'Type your full name.')
      .max(MAX_NAME_LENGTH, `A name has at most ${MAX_NAME_LENGTH} characters.`)
      .refine((name) => !CONTROL.test(name), 'A name has no control characters.'),
    // A hint for the transcript: what can't be one is passed over, since nobody could put it right.
    language: z
      .string()
      .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/)
      .nullable()
      .catch(null)
      .default(null),
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
  },
  notAnObject,
);

/** Log-in, start and finish of a session. */
export function sessionRoutes({ storage, auth, addressOf }: SessionRoutesDeps): Hono {
  const app = new Hono();
  app.post(paths.verifyToken, async (c) => {
    const { token: secret } = await readJson(incomingOf(c), verifyBody);
    const token = await auth.logIn(secret, addressOf(incomingOf(c)));
    const interview = await requireInterview(token.interview);
    return c.json<VerifyTokenAnswer>({
      ok: true,
      interview: { title: interview.title, questionCount: interview.questions.length },
    });
  });

  app.post(paths.startSession, async (c) => {
    const { token: secret, userName, language } = await readJson(incomingOf(c), startBody);
    const token = await auth.logInAs(secret, userName, addressOf(incomingOf(c)));
    const interview = await requireInterview(token.interview);
    const mayCreate = auth.mayBegin(token);
    const started = await storage.startSession(token, { userName, interview, mayCreate, language });
    if (!started) throw problem('sessions-used-up');
    return c.json<StartSessionAnswer>({
      ok: true,
      folder: started.session.folder,
      resumed: started.resumed,
      interview: { title: started.session.interview.title, gate: started.session.interview.gate },
      questions: questionsOf(started.session.interview),
      answered: await answeredIn(started.session),
      uploadEndpoint: paths.files,
    });
  });

  app.post(paths.finishSession, async (c) => {
    const { token: secret, folder, receipt } = await readJson(incomingOf(c), finishBody);
    const token = await auth.authenticate(secret, addressOf(incomingOf(c)));
    const session = await auth.requireSession(token, folder);
    const check = (answered: number[]) => {
      const missing = questionsOf(session.interview)
        .map(({ index }) => index)
        .filter((index) => !answered.includes(index));
      if (missing.length === 0) return;
      const detail = `These answers have not arrived whole: ${missing.join(', ')}. Send them, then finish again.`;
      throw problem('answers-missing', { detail, extra: { missing } });
    };
    // Also on a repeat: a crash may have come between the catalog and meta.json.
    const finished = await storage.finishSession(session.id, check).catch((error: unknown) => {
      throw toProblem(error);
    });
    return c.json<FinishSessionAnswer>({ ok: true, ...(receipt && { receipt: receiptOf(finished) }) });
  });

  /** Only what is recorded counts: before that, a crash could still need the candidate. */
  async function answeredIn(session: Session): Promise<number[]> {
    const takes = (await storage.takes.list(session.id)).filter((take) => take.state === 'recorded');
    return answersOf(takes).map((take) => take.question);
  }

  async function requireInterview(slug: string): Promise<Interview> {
    const interview = await storage.interviews.get(slug);
    if (!interview) throw new Error(`a token names the interview ${slug}, which is not in the catalog`);
    return interview;
  }

  return app;
}

function receiptOf({ session, finishedAt, answers }: FinishedSession): Receipt {
  return {
    folder: session.folder,
    finishedAt: finishedAt.toUTC().toISO() as string,
    // What counts and is recorded has both a name and a digest.
    answers: answers.map(({ question, fileName, offset, sha256, updatedAt }) => ({
      question,
      fileName: fileName ?? '',
      bytes: offset,
      sha256: sha256 ?? '',
      receivedAt: updatedAt.toUTC().toISO() as string,
    })),
  };
}

function questionsOf(interview: Interview): Question[] {
  return interview.questions.map((question, at) => ({ index: at + 1, ...question }));
}

async function readJson<T>(request: IncomingMessage, shape: z.ZodType<T>): Promise<T> {
  const body: Buffer[] = [];
  const end = await pump(request, async (chunks) => void body.push(...chunks), { maxBytes: MAX_JSON_BYTES });
  if (end === 'too-large')
    throw problem('invalid-json', { detail: `The request is larger than ${MAX_JSON_BYTES} bytes.` });
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(body).toString('utf8'));
  } catch (cause) {
    throw problem('invalid-json', { cause });
  }
  const parsed = shape.safeParse(value);
  if (!parsed.success)
    throw problem('invalid-field', { detail: parsed.error.issues[0]?.message ?? 'A field is missing.' });
  return parsed.data;
}
