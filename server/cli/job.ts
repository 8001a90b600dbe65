import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Job, JobState } from '../../storage/types.ts';
import {
  CommandError,
  type CommonOptions,
  isoTime,
  type Print,
  shortTime,
  show,
  table,
  withCommon,
  withExamples,
  withStorage,
} from './command.ts';

const STATES: JobState[] = ['queued', 'running', 'done', 'dead'];

/** Adds `tresgo job …`. */
export function addJobCommands(program: Command, print: Print): void {
  const jobs = withExamples(program.command('job'), 'job list', 'job retry --dead').description(
    'work on answers in the background: seekable copies, transcripts',
  );

  withExamples(withCommon(jobs.command('list')), 'job list', 'job list --state dead')
    .description('all jobs, oldest first, with how far they are and why they wait')
    .addOption(new Option('--state <state>', 'those in one state alone').choices(STATES))
    .action(async (options: CommonOptions & { state?: JobState }) => {
      const all = await withStorage(options, (storage) =>
        storage.jobs.list(options.state ? { states: [options.state] } : {}),
      );
      show(print, options, all.map(documentOf), () => table(all.map(rowOf), 'No jobs.'));
    });

  withExamples(
    withCommon(jobs.command('retry').argument('[id]', 'the job’s id, from "job list"', parseId)),
    'job retry 7',
    'job retry --dead',
  )
    .description('begin a job afresh, at once, whatever became of it; the running server takes it up')
    .option('--dead', 'all that were given up')
    .action(async (id: number | undefined, options: CommonOptions & { dead?: true }, command: Command) => {
      if ((id === undefined) === (options.dead === undefined))
        command.error('error: say which: an id from "tresgo job list", or --dead for all that were given up');
      const queued = await withStorage(options, async (storage) => {
        const chosen = id === undefined ? await storage.jobs.list({ states: ['dead'] }) : [await storage.jobs.get(id)];
        const found = chosen.filter((job) => job !== null);
        if (id !== undefined && found.length === 0)
          throw new CommandError(`there is no job ${id}: "tresgo job list" shows them`);
        for (const { kind, takeId } of found) await storage.jobs.queue(kind, takeId);
        return Promise.all(found.map((job) => storage.jobs.get(job.id)));
      });
      const all = queued.filter((job) => job !== null);
      show(print, options, all.map(documentOf), () => table(all.map(rowOf), 'Nothing was given up.'));
    });
}

function documentOf({ dueAt, createdAt, updatedAt, owner: _, ...job }: Job) {
  return { ...job, dueAt: isoTime(dueAt), createdAt: isoTime(createdAt), updatedAt: isoTime(updatedAt) };
}

function rowOf({ id, kind, folder, question, state, progress, attempts, reason, dueAt }: Job): Record<string, string> {
  const waits = state === 'queued' && attempts > 0 ? `again at ${shortTime(dueAt)}` : '';
  return {
    id: String(id),
    kind,
    session: folder,
    question: String(question),
    state,
    done: `${Math.round(progress * 100)} %`,
    tries: String(attempts),
    reason: [waits, reason ?? ''].filter(Boolean).join(': '),
  };
}

function parseId(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It takes a number, from "job list".');
  return Number(text);
}
