/**
 * Files that jobs make from answers, and can make again: `derived/Q1.webm`, `.jpg`, `.vtt`, `.json`, and `transcript.txt`.
 *
 * They are made in a folder of the job's own, copied to the recordings' disk, and moved into the session's folder under
 * its lock, file by file, only while the take still counts. After a crash each step can be repeated, with the same
 * result.
 */
import { chmod, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Takes } from '../catalog/takes.ts';
import { ensurePrivateFolder, giveToOwnerOf, joinInside, replaceFile, syncDirectory, syncFile } from '../files.ts';
import { DERIVED, type DerivedExtension, derivedName, isDerivedFrom, TRANSCRIPT } from '../names.ts';
import type { Container, Job, Session, Take } from '../types.ts';
import type { InSession } from './in-session.ts';
import { answersOf, writeMeta } from './meta-file.ts';
import { copyGently, type Scratch } from './scratch.ts';

const CONTAINERS: Container[] = ['webm', 'mp4'];

/** A file that a job made, and its extension in the session folder: `derived/Q1.<extension>`. */
export interface DerivedFile {
  /** Path of the job's file. */
  from: string;
  extension: DerivedExtension;
}

/** What the work of jobs on session folders needs. */
interface DerivedDeps {
  takes: Takes;
  inSession: InSession;
  /** Holds the jobs' own folders on the recordings' disk. */
  workDir: string;
  scratch: Scratch;
}

/** Creates what jobs use of storage: their source, their work folders, and the publishing of their files. */
export function createDerived({ takes, inSession, workDir, scratch }: DerivedDeps) {
  const folderOf = (id: number) => joinInside(workDir, String(id));
  async function openFolder(id: number): Promise<string> {
    await rm(folderOf(id), { recursive: true, force: true });
    await ensurePrivateFolder(workDir);
    await ensurePrivateFolder(folderOf(id));
    return folderOf(id);
  }

  /** The job's take while it is the answer of its question; null when another take counts. */
  async function answerOf(job: Pick<Job, 'takeId' | 'sessionId'>): Promise<Take | null> {
    return answersOf(await takes.list(job.sessionId)).find(({ id }) => id === job.takeId) ?? null;
  }

  return {
    /** The recording that a job works on; null when another take counts by now. */
    source: (job: Job): Promise<{ take: Take; session: Session; file: string } | null> =>
      inSession(job.sessionId, async (session, folder) => {
        const take = await answerOf(job);
        return take?.fileName ? { take, session, file: joinInside(folder, take.fileName) } : null;
      }),

    /**
     * Opens an empty folder of the job's own: in memory where there is room, else on the recordings' disk.
     * @param sourceBytes size of the recording, in bytes
     * @returns its path
     */
    async openWork({ id }: Job, sourceBytes: number): Promise<string> {
      return (await scratch.open(String(id), sourceBytes)) ?? openFolder(id);
    },

    /** Removes the job's own folder. */
    async closeWork({ id }: Job): Promise<void> {
      await scratch.close(String(id));
      await rm(folderOf(id), { recursive: true, force: true });
    },

    /**
     * Removes the folders of jobs that a crash ended; only for a process that has claimed the data folder.
     * @throws Error where a folder can't be removed, which is no harm to new jobs
     */
    async clearWork(): Promise<void> {
      await rm(workDir, { recursive: true, force: true });
      await scratch.clear();
    },

    /**
     * Copies a job's files to the recordings' disk, for `publish`; files that are there already stay.
     * @param signal aborts the copy, which then throws the signal's reason
     * @returns the files, each with the path it has now
     */
    async stage({ id }: Job, files: DerivedFile[], signal: AbortSignal): Promise<DerivedFile[]> {
      if (files.every(({ from }) => path.dirname(from) === folderOf(id))) return files;
      const folder = await openFolder(id);
      const staged = files.map((file) => ({ ...file, staged: path.join(folder, path.basename(file.from)) }));
      for (const { from, staged: to } of staged) await copyGently(from, to, signal);
      return staged.map(({ staged: from, extension }) => ({ from, extension }));
    },

    /**
     * Moves a job's files into the session's folder, and renews `meta.json` and `transcript.txt`.
     * @param change what the job found out about the take
     * @param isOurs is asked under the session's lock: whether the job's lease still is its owner's
     * @returns false, and nothing has changed, when another take counts by now or the lease is gone
     */
    publish: (
      job: Job,
      files: DerivedFile[],
      change: Partial<Pick<Take, 'durationMs' | 'mediaProblem'>>,
      isOurs: () => Promise<boolean>,
    ): Promise<boolean> =>
      inSession(job.sessionId, async (session, folder) => {
        if (!(await answerOf(job)) || !(await isOurs())) return false;
        if (files.length > 0) await place(folder, job.question, files);
        if (Object.keys(change).length > 0) await takes.update(job.takeId, change);
        const all = await takes.list(session.id);
        await writeMeta(folder, session, all);
        await writeTranscript(folder, session, all);
        return true;
      }),
  };
}

async function place(folder: string, question: number, files: DerivedFile[]): Promise<void> {
  const derived = joinInside(folder, DERIVED);
  await ensurePrivateFolder(derived);
  for (const { from, extension } of files) {
    await chmod(from, 0o600);
    await syncFile(from);
    // A copy in the other container was made from an earlier take, whose browser recorded in that container.
    for (const other of CONTAINERS.filter((container) => isContainer(extension) && container !== extension))
      await rm(joinInside(derived, derivedName(question, other)), { force: true });
    giveToOwnerOf(folder, from);
    await rename(from, joinInside(derived, derivedName(question, extension)));
  }
  await syncDirectory(derived);
  await syncDirectory(folder);
}

function isContainer(extension: DerivedExtension): boolean {
  return CONTAINERS.some((container) => container === extension);
}

/**
 * Removes the files that were made from a question's earlier answer, and its part of the transcript; for callers that
 * hold the session's lock.
 * @param takes all takes of the session
 */
export async function removeDerived(folder: string, question: number, session: Session, takes: Take[]): Promise<void> {
  const derived = path.join(folder, DERIVED);
  const names = (await readdir(derived).catch(() => [])).filter((name) => isDerivedFrom(question, name));
  if (names.length === 0) return;
  for (const name of names) await rm(path.join(derived, name), { force: true });
  await syncDirectory(derived);
  await writeTranscript(folder, session, takes);
}

/** The text of an answer; null where the answer has no transcript yet. */
async function textOf(folder: string, { question }: Take): Promise<string | null> {
  try {
    const file = path.join(folder, DERIVED, derivedName(question, 'json'));
    const document: unknown = JSON.parse(await readFile(file, 'utf8'));
    const { text } = document as { text?: unknown };
    return typeof text === 'string' ? text : null;
  } catch {
    return null;
  }
}

/** Replaces `transcript.txt` in one step: all answers in question order. Without a transcript there is no file. */
async function writeTranscript(folder: string, session: Session, takes: Take[]): Promise<void> {
  const answers = answersOf(takes);
  const parts: string[] = [];
  let known = 0;
  for (const [at, { text: asked }] of session.interview.questions.entries()) {
    const answer = answers.find(({ question }) => question === at + 1);
    const said = answer ? await textOf(folder, answer) : null;
    if (said !== null) known += 1;
    const shown = said === null ? (answer ? '(not transcribed)' : '(no answer)') : said.trim() || '(nothing was said)';
    parts.push(`${at + 1}. ${asked}\n\n${shown}\n`);
  }
  if (known > 0) await replaceFile(folder, TRANSCRIPT, parts.join('\n'));
  else await rm(path.join(folder, TRANSCRIPT), { force: true });
}
