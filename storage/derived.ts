/**
 * What is made of answers and can be made again: `derived/Q1.webm`, `.jpg`, `.vtt`, `.json`, and `transcript.txt`.
 *
 * It is made in a folder of the job's own, brought to the same disk, and moved into the session's folder under its lock, file by
 * file, only while the take still counts. Done again after a crash, each step gives the same.
 */
import { chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Takes } from './catalog/takes.ts';
import { answersOf, replaceFile, writeMeta } from './meta-file.ts';
import type { InSession } from './recordings/in-session.ts';
import { copyGently, type Scratch } from './scratch.ts';
import { joinInside, syncDirectory } from './session-folder.ts';
import type { Job, Session, Take } from './types.ts';

const DERIVED = 'derived';
const TRANSCRIPT = 'transcript.txt';
const VIDEO = ['webm', 'mp4'];

/** A file of a job's, and what it becomes: `Q1.<extension>`. */
export interface DerivedFile {
  from: string;
  extension: 'webm' | 'mp4' | 'jpg' | 'vtt' | 'json';
}

export interface DerivedDeps {
  takes: Takes;
  inSession: InSession;
  /** Holds the jobs' own folders. */
  workDir: string;
  scratch: Scratch;
}

export function createDerived({ takes, inSession, workDir, scratch }: DerivedDeps) {
  const folderOf = (id: number) => joinInside(workDir, String(id));
  async function openFolder(id: number): Promise<string> {
    await rm(folderOf(id), { recursive: true, force: true });
    await mkdir(folderOf(id), { recursive: true, mode: 0o700 });
    return folderOf(id);
  }

  /** The job's take with its session, as long as it is the answer of its question. */
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
     * An empty folder of the job's own: in memory where there is room, else on the recordings' disk.
     * @param sourceBytes of the recording
     */
    async openWork({ id }: Job, sourceBytes: number): Promise<string> {
      return (await scratch.open(String(id), sourceBytes)) ?? openFolder(id);
    },

    async closeWork({ id }: Job): Promise<void> {
      await scratch.close(String(id));
      await rm(folderOf(id), { recursive: true, force: true });
    },

    /** Removes what jobs before a crash left; for whoever has claimed the data folder. */
    async clearWork(): Promise<void> {
      await scratch.clear();
      await rm(workDir, { recursive: true, force: true });
    },

    /** Brings a job's files to the recordings' disk, for `publish`; those that are there stay. */
    async stage({ id }: Job, files: DerivedFile[], signal: AbortSignal): Promise<DerivedFile[]> {
      if (files.every(({ from }) => path.dirname(from) === folderOf(id))) return files;
      const folder = await openFolder(id);
      const staged = files.map((file) => ({ ...file, staged: path.join(folder, path.basename(file.from)) }));
      for (const { from, staged: to } of staged) await copyGently(from, to, signal);
      return staged.map(({ staged: from, extension }) => ({ from, extension }));
    },

    /**
     * Puts a job's files into the session's folder.
     * @param change what is known of the take by now
     * @param isOurs asked under the session's lock: whether the job's lease still is its owner's
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
  await mkdir(derived, { recursive: true, mode: 0o700 });
  for (const { from, extension } of files) {
    await chmod(from, 0o600);
    await syncFile(from);
    // A browser that records another format now: the old copy is of an earlier take.
    for (const other of VIDEO.filter((name) => VIDEO.includes(extension) && name !== extension))
      await rm(joinInside(derived, `Q${question}.${other}`), { force: true });
    await rename(from, joinInside(derived, `Q${question}.${extension}`));
  }
  await syncDirectory(derived);
  await syncDirectory(folder);
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes what was made of a question's earlier answer, and its part of the transcript. */
export async function removeDerived(folder: string, question: number, session: Session, takes: Take[]): Promise<void> {
  const derived = path.join(folder, DERIVED);
  const names = (await readdir(derived).catch(() => [])).filter((name) => name.startsWith(`Q${question}.`));
  if (names.length === 0) return;
  for (const name of names) await rm(path.join(derived, name), { force: true });
  await syncDirectory(derived);
  await writeTranscript(folder, session, takes);
}

/** What was said in an answer; null where that is not known (yet). */
async function textOf(folder: string, { question }: Take): Promise<string | null> {
  try {
    const document: unknown = JSON.parse(await readFile(path.join(folder, DERIVED, `Q${question}.json`), 'utf8'));
    const { text } = document as { text?: unknown };
    return typeof text === 'string' ? text : null;
  } catch {
    return null;
  }
}

/** Replaces `transcript.txt`, in one step: all answers in question order. There is none before the first is known. */
async function writeTranscript(folder: string, session: Session, takes: Take[]): Promise<void> {
  const answers = answersOf(takes);
  const parts: string[] = [];
  let known = 0;
  for (const [at, { text: asked }] of session.interview.questions.entries()) {
    const answer = answers.find(({ question }) => question === at + 1);
    const said = answer ? await textOf(folder, answer) : null;
    if (said !== null) known += 1;
    const told = said === null ? (answer ? '(not transcribed)' : '(no answer)') : said.trim() || '(nothing was said)';
    parts.push(`${at + 1}. ${asked}\n\n${told}\n`);
  }
  if (known > 0) await replaceFile(folder, TRANSCRIPT, parts.join('\n'));
  else await rm(path.join(folder, TRANSCRIPT), { force: true });
}
