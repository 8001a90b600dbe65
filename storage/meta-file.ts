import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { localTime, syncDirectory } from './session-folder.ts';
import type { Session, Take } from './types.ts';

/** `123.45 KB`, as the original wrote it (1 KB = 1024 bytes). */
function inKilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(2)} KB`;
}

/** The take of each question that counts: the last whole one. */
export function answersOf(takes: Take[]): Take[] {
  const placed = takes.filter((take) => (take.state === 'placed' || take.state === 'recorded') && take.fileName);
  return placed.filter(
    (take) => !placed.some((other) => other.question === take.question && other.number > take.number),
  );
}

function statusOf({ finishedAt }: Session): string {
  return finishedAt ? 'finished' : 'started';
}

/** The whole of `meta.json`, derived from the catalog: the original's keys, and ours. */
export function metaOf(session: Session, takes: Take[]) {
  const answers = answersOf(takes);
  const file = (take: Take) => ({
    fileName: take.fileName,
    fileSize: inKilobytes(take.offset),
    uploadedAt: localTime(take.updatedAt),
    bytes: take.offset,
    sha256: take.sha256,
    mimeType: take.filetype,
    // Known once a copy with an index has been made: a browser's recording does not say how long it is.
    durationMs: take.durationMs,
    mediaProblem: take.mediaProblem,
  });
  return {
    userName: session.userName,
    tokenOwner: session.tokenOwner,
    startTime: localTime(session.startedAt),
    status: statusOf(session),
    totalQuestions: session.interview.questions.length,
    endTime: session.finishedAt ? localTime(session.finishedAt) : null,
    files: answers.map((take) => ({ questionIndex: take.question, ...file(take) })),
    takes: takes
      .filter((take) => take.fileName && !answers.includes(take))
      .map((take) => ({ questionIndex: take.question, number: take.number, ...file(take) })),
  };
}

/** Whether `meta.json` can be read and knows how far its session is: a crash may have come before it was told. */
export async function isMetaCurrent(folder: string, session: Session): Promise<boolean> {
  try {
    const meta: unknown = JSON.parse(await readFile(path.join(folder, 'meta.json'), 'utf8'));
    return (meta as { status?: unknown }).status === statusOf(session);
  } catch {
    return false;
  }
}

/** Replaces `meta.json` in one step: a reader, or a crash, sees the old one or the new one, whole. */
export async function writeMeta(folder: string, session: Session, takes: Take[]): Promise<void> {
  await replaceFile(folder, 'meta.json', `${JSON.stringify(metaOf(session, takes), null, 2)}\n`);
}

/** Writes a file beside its name, syncs it, and renames it: the old one or the new one is there, always whole. */
export async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  const temporary = path.join(folder, `.${name}.new`);
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path.join(folder, name));
  await syncDirectory(folder);
}
