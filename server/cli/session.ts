import type { Command } from 'commander';
import { DateTime, Duration } from 'luxon';
import {
  FOLDER_ZONE,
  type JobSummary,
  type RepairReport,
  type SessionOverview,
  type SessionState,
  type Storage,
  type StoredProblem,
} from '../../storage/index.ts';
import type { Session } from '../../storage/types.ts';
import {
  CommandError,
  type CommonOptions,
  exactTime,
  isoTime,
  type Print,
  shortTime,
  show,
  showList,
  table,
  withCommon,
  withExamples,
  withStorage,
} from './command.ts';
import { type FilterOptions, footer, isFiltered, queryOf, withFilters } from './filters.ts';
import { FOLDER, requireSession } from './session-name.ts';
import { addReopenCommand } from './session-reopen.ts';
import { inMegabytes } from './table.ts';

/** Adds `tresgo session …`. */
export function addSessionCommands(program: Command, print: Print): void {
  const sessions = withExamples(
    program.command('session'),
    'session list --since 7d',
    'session show nguyen_van_a',
  ).description('recorded sessions');

  withExamples(
    withFilters(withCommon(sessions.command('list')), STATES, 'started', ['started', 'name']),
    'session list',
    'session list --state finished --since 7d',
    'session list --search nguyen --interview sales',
  )
    .description('all sessions, newest first')
    .action(async (options: FilterOptions) => {
      const query = queryOf<SessionState, 'started' | 'name'>(options);
      await withStorage(options, async (storage) => {
        const { sessions, countSessions } = storage.lists;
        const document = (overview: SessionOverview) => summaryOf(storage, overview);
        await showList(print, options, sessions(query), document, rowOf, async (rows) => {
          if (rows.length === 0)
            return isFiltered(options) && Object.keys(await countSessions()).length > 0
              ? 'No session is like that: "tresgo session list" shows all.'
              : 'No sessions yet.';
          const zone = `, those of folders in ${FOLDER_ZONE}`;
          return `${table(rows)}\n\n${footer(rows.length, await countSessions(query), STATES, 'sessions', zone)}`;
        });
      });
    });

  withExamples(withCommon(sessions.command('show').argument('<folder>', FOLDER)), 'session show nguyen_van_a')
    .description('one session: its answers, sizes and digests')
    .action(async (folder: string, options: CommonOptions) => {
      const session = await withStorage(options, async (storage) => {
        const overview = await storage.lists.session((await requireSession(storage, folder)).id);
        if (!overview) throw new CommandError(`the session ${folder} is gone`);
        return summaryOf(storage, overview, await storage.findMissingOf(overview));
      });
      show(print, options, session, () => {
        const { answers, voices, startedAt, finishedAt, ...rest } = session;
        const times = {
          startedAt: exactTime(DateTime.fromISO(startedAt)),
          finishedAt: finishedAt && exactTime(DateTime.fromISO(finishedAt)),
        };
        const lines = Object.entries({ ...rest, ...times }).map(([key, value]) => `${key}: ${value ?? 'not yet'}`);
        const rows = answers.map(({ question, fileName, bytes, durationMs, spokenMs, copy, transcript, sha256 }) => ({
          question: String(question),
          file: fileName ?? '',
          size: inMegabytes(bytes),
          length: lengthOf(durationMs, spokenMs),
          copy,
          transcript,
          sha256: sha256 ?? '',
        }));
        const problems = answers.flatMap(({ question, fileName, fileProblem, mediaProblem }) => [
          ...(fileProblem === null
            ? []
            : [`Question ${question}: ${fileName} ${fileProblem}: "tresgo session repair ${session.folder}"`]),
          ...(mediaProblem === null ? [] : [`Question ${question}: ${mediaProblem}`]),
        ]);
        const ahead = voices.map(
          ({ question, fileName, bytes }) =>
            `Question ${question}: ${inMegabytes(bytes)} of sound went ahead of an answer that has not come: ${fileName}`,
        );
        return [...lines, '', table(rows, 'No answers yet.'), ...ahead, ...problems].join('\n');
      });
    });

  addReopenCommand(
    withExamples(
      withCommon(sessions.command('reopen').argument('<folder>', FOLDER)),
      'session reopen nguyen_van_a --question 3      # the candidate answers question 3 again',
      'session reopen nguyen_van_a',
    ),
    print,
  );

  withExamples(withCommon(sessions.command('repair').argument('<folder>', FOLDER)), 'session repair nguyen_van_a')
    .description('where files have lost bytes: go on with what is whole, and ask the candidate again for the rest')
    .action(async (folder: string, options: CommonOptions) => {
      const { session, report } = await withStorage(options, async (storage) => {
        const session = await requireSession(storage, folder);
        return { session, report: await storage.repairSession(session.id) };
      });
      if (report.steps.length === 0 && session.finishedAt && !report.reopened)
        throw new CommandError(`the session ${session.folder} is finished, and whole: there is nothing to repair`);
      show(print, options, { folder: session.folder, ...report }, () => repairText(session, report));
    });
}

function repairText(session: Session, { steps, reopened }: RepairReport): string {
  if (steps.length === 0)
    return reopened
      ? `${session.folder} is whole. A "session reopen" of it had been cut off: it is done, and the session is open again.`
      : `${session.folder} is whole: there was nothing to repair.`;
  const lines = steps.map(({ question, take, problem, outcome, offset, counts, kept }) => {
    const done = {
      continues: `the upload goes on from byte ${offset}`,
      missing: counts === null ? 'the candidate is asked again' : `take ${counts}, which is whole, counts again`,
      dropped: 'it did not count',
    }[outcome];
    return `Question ${question}, take ${take}: the file ${problem}; ${done}${kept ? `; what there is of it is in ${kept}` : ''}.`;
  });
  if (reopened) lines.push('The session was finished. It is open again: the same link asks for what is missing.');
  return lines.join('\n');
}

/** More than this that was spoken and not recorded is told, in ms. */
const MISSING_MS = 3000;

/** `0:25`, or `0:03 of 0:25 spoken` where much of the answer was not recorded; empty where the length is not known. */
function lengthOf(durationMs: number | null, spokenMs: number | null): string {
  if (durationMs === null) return '';
  const time = (ms: number) => Duration.fromMillis(ms).toFormat('m:ss');
  const missing = spokenMs !== null && spokenMs - durationMs > MISSING_MS;
  return missing ? `${time(durationMs)} of ${time(spokenMs)} spoken` : time(durationMs);
}

/** `done`, `running (40 %)`, `dead: reason`; empty where there is no job. */
function progressOf(job: JobSummary | null): string {
  if (!job) return '';
  if (job.state === 'running') return `running (${Math.round(job.progress * 100)} %)`;
  return job.reason === null || job.state === 'done' ? job.state : `${job.state}: ${job.reason}`;
}

/** The states of a session as the state of its token says them. */
const STATES: SessionState[] = ['in-progress', 'finished'];

function stateOf({ finishedAt }: Pick<SessionOverview, 'finishedAt'>): SessionState {
  return finishedAt ? 'finished' : 'in-progress';
}

function rowOf(overview: SessionOverview): Record<string, string> {
  return {
    folder: overview.folder,
    name: overview.tokenOwner,
    interview: overview.interview,
    started: shortTime(overview.startedAt),
    state: `${stateOf(overview)} (${overview.answers.length} of ${overview.questions})`,
  };
}

function statusOf({ finishedAt }: Pick<SessionOverview, 'finishedAt'>): 'finished' | 'started' {
  return finishedAt ? 'finished' : 'started';
}

function summaryOf(storage: Storage, session: SessionOverview, problems: StoredProblem[] = []) {
  return {
    folder: session.folder,
    /** The name in the invitation, then the name that the candidate typed. */
    tokenOwner: session.tokenOwner,
    userName: session.userName,
    status: statusOf(session),
    startedAt: isoTime(session.startedAt),
    finishedAt: session.finishedAt && isoTime(session.finishedAt),
    interview: session.interview,
    totalQuestions: session.questions,
    path: storage.sessionPath(session),
    answers: session.answers.map(({ number, filetype, copy, transcript, ...answer }) => ({
      ...answer,
      mimeType: filetype,
      fileProblem: problems.find((one) => one.question === answer.question && one.take === number)?.problem ?? null,
      copy: progressOf(copy),
      transcript: progressOf(transcript),
    })),
    voices: session.voices.map(({ question, fileName, bytes }) => ({ question, fileName, bytes })),
  };
}
