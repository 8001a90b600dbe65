import type { Command } from 'commander';
import { Duration } from 'luxon';
import { answersOf, type Storage } from '../../storage/index.ts';
import type { Job, JobKind, Session } from '../../storage/types.ts';
import {
  CommandError,
  type CommonOptions,
  type Print,
  shortTime,
  show,
  table,
  withCommon,
  withStorage,
} from './command.ts';

/** `tresgo session …` */
export function addSessionCommands(program: Command, print: Print): void {
  const sessions = program.command('session').description('recorded sittings');

  withCommon(sessions.command('list'))
    .description('all sessions, newest first')
    .action(async (options: CommonOptions) => {
      const all = await withStorage(options, async (storage) =>
        Promise.all((await storage.sessions.list()).map((session) => summaryOf(storage, session))),
      );
      show(print, options, all, () =>
        table(
          all.map(({ folder, userName, startedAt, status, answers, totalQuestions }) => ({
            folder,
            name: userName,
            started: startedAt,
            status,
            answers: `${answers.length} of ${totalQuestions}`,
          })),
          'No sessions yet.',
        ),
      );
    });

  withCommon(sessions.command('show').argument('<folder>', 'the session’s folder, from "session list"'))
    .description('one session: its answers, sizes and digests')
    .action(async (folder: string, options: CommonOptions) => {
      const session = await withStorage(options, async (storage) => {
        const found = await storage.sessions.getByFolder(folder);
        if (!found)
          throw new CommandError(`there is no session ${JSON.stringify(folder)}: "tresgo session list" shows them`);
        return summaryOf(storage, found);
      });
      show(print, options, session, () => {
        const { answers, ...rest } = session;
        const lines = Object.entries(rest).map(([key, value]) => `${key}: ${value ?? 'not yet'}`);
        const rows = answers.map(({ question, fileName, bytes, durationMs, copy, transcript, sha256 }) => ({
          question: String(question),
          file: fileName ?? '',
          size: `${(bytes / 1e6).toFixed(2)} MB`,
          length: durationMs === null ? '' : Duration.fromMillis(durationMs).toFormat('m:ss'),
          copy,
          transcript,
          sha256: sha256 ?? '',
        }));
        return [...lines, '', table(rows, 'No answers yet.')].join('\n');
      });
    });
}

/** `done`, `running (40 %)`, `dead: why`; empty where nothing is to be done. */
function progressOf(job: Job | undefined): string {
  if (!job) return '';
  if (job.state === 'running') return `running (${Math.round(job.progress * 100)} %)`;
  return job.reason === null || job.state === 'done' ? job.state : `${job.state}: ${job.reason}`;
}

async function summaryOf(storage: Storage, session: Session) {
  const takes = await storage.takes.list(session.id);
  const jobs = await storage.jobs.list({ sessionId: session.id });
  const told = (takeId: string, kind: JobKind) =>
    progressOf(jobs.find((job) => job.takeId === takeId && job.kind === kind));
  return {
    folder: session.folder,
    userName: session.userName,
    status: session.finishedAt ? 'finished' : 'started',
    startedAt: shortTime(session.startedAt),
    finishedAt: session.finishedAt && shortTime(session.finishedAt),
    interview: session.interview.slug,
    totalQuestions: session.interview.questions.length,
    path: storage.sessionPath(session),
    answers: answersOf(takes).map(({ id, question, fileName, offset, sha256, filetype, durationMs }) => ({
      question,
      fileName,
      bytes: offset,
      sha256,
      mimeType: filetype,
      durationMs,
      copy: told(id, 'remux'),
      transcript: told(id, 'transcribe'),
    })),
  };
}
