import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '../files.ts';
import { EARLIER, isEarlier, localTime, META } from '../names.ts';
import type { Session, Take } from '../types.ts';

/** `123.45 KB`, as the original page wrote it (1 KB = 1024 bytes). */
function inKilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(2)} KB`;
}

/**
 * The take of each question that counts: the last one that is placed, unless it was moved to `takes/`, since an admin asked
 * for another answer. Sound that goes ahead never counts.
 */
export function answersOf(takes: Take[]): Take[] {
  return lastTakesOf(takes).filter(({ fileName }) => fileName !== null && !isEarlier(fileName));
}

/** The take of each question that is placed last; sound that goes ahead is none. */
export function lastTakesOf(takes: Take[]): Take[] {
  const placed = takes.filter(
    (take) => (take.state === 'placed' || take.state === 'recorded') && take.fileName && take.part === null,
  );
  return placed.filter(
    (take) => !placed.some((other) => other.question === take.question && other.number > take.number),
  );
}

/**
 * The takes without those whose file is no longer in the session's folder: an admin may have removed it. Where the folder
 * can't be read, nothing is known to be gone.
 */
export async function takesThere(folder: string, takes: Take[]): Promise<Take[]> {
  const names = new Set<string | null>([null]);
  for (const below of ['', EARLIER])
    try {
      for (const name of await readdir(path.join(folder, below))) names.add(below === '' ? name : `${below}/${name}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return takes;
    }
  return takes.filter(({ fileName }) => names.has(fileName));
}

function statusOf({ finishedAt }: Session): string {
  return finishedAt ? 'finished' : 'started';
}

/** The whole of `meta.json`, derived from the catalog: the keys of the original page's server, and ours. */
function metaOf(session: Session, takes: Take[]) {
  const answers = answersOf(takes);
  const file = (take: Take) => ({
    fileName: take.fileName,
    fileSize: inKilobytes(take.offset),
    uploadedAt: localTime(take.updatedAt),
    bytes: take.offset,
    sha256: take.sha256,
    mimeType: take.filetype,
    // Null until a seekable copy has been made: a browser's recording does not say how long it is.
    durationMs: take.durationMs,
    // Much more than `durationMs`: a part of the answer was not recorded.
    ...(take.spokenMs !== null && { spokenMs: take.spokenMs }),
    mediaProblem: take.mediaProblem,
  });
  return {
    userName: session.userName,
    tokenOwner: session.tokenOwner,
    startTime: localTime(session.startedAt),
    status: statusOf(session),
    totalQuestions: session.interview.questions.length,
    endTime: session.finishedAt ? localTime(session.finishedAt) : null,
    ...(session.consent && { consent: { ...session.consent, agreedAt: session.consent.agreedAt.toUTC().toISO() } }),
    files: answers.map((take) => ({ questionIndex: take.question, ...file(take) })),
    takes: takes
      .filter((take) => take.fileName && !answers.includes(take))
      .map((take) => ({
        ...{ questionIndex: take.question, number: take.number, ...file(take) },
        ...(take.part && { part: take.part }),
      })),
  };
}

/** Whether `meta.json` can be read and has its session's status: a crash may have come before it was written. */
export async function isMetaCurrent(folder: string, session: Session): Promise<boolean> {
  try {
    const meta: unknown = JSON.parse(await readFile(path.join(folder, META), 'utf8'));
    return (meta as { status?: unknown }).status === statusOf(session);
  } catch {
    return false;
  }
}

/**
 * Replaces `meta.json` in one step; for callers that hold the session's lock.
 * @param takes all takes of the session
 * @param draft see `replaceFile`
 */
export async function writeMeta(folder: string, session: Session, takes: Take[], draft = ''): Promise<void> {
  const document = metaOf(session, await takesThere(folder, takes));
  await replaceFile(folder, META, `${JSON.stringify(document, null, 2)}\n`, draft);
}
