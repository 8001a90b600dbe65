import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { answersOf, type Storage } from '../../storage/index.ts';
import type { Job, Session } from '../../storage/types.ts';
import type { Config } from '../config.ts';
import { createBackground } from '../jobs/background.ts';
import {
  CommandError,
  type CommonOptions,
  type Print,
  say,
  show,
  withCommon,
  withExamples,
  withStorage,
} from './command.ts';
import { FOLDER, requireSession } from './session-name.ts';

const LOOK_MS = 300;
/** A server that has started none of the jobs after this time will not start them: it may have no engine. */
const UNTAKEN_MS = 150_000;
const silent = { debug() {}, info() {}, warn() {} };

/** Adds `tresgo transcribe`. */
export function addTranscribeCommand(program: Command, print: Print): void {
  withExamples(withCommon(program.command('transcribe').argument('<folder>', FOLDER)), 'transcribe nguyen_van_a')
    .description('write down what was said in a session’s answers, or do it again')
    .action(async (folder: string, options: CommonOptions) => {
      const done = await withStorage(options, (storage, config) => transcribe(storage, config, folder));
      show(print, options, done, () =>
        [...done.answers.map(({ question, state }) => `Question ${question}: ${state}`), done.transcript].join('\n'),
      );
    });
}

async function transcribe(storage: Storage, config: Config, folder: string) {
  const session = await requireSession(storage, folder);
  if (config.transcription.kind === 'off')
    throw new CommandError(
      'no speech engine is set: set TRESGO_TRANSCRIBE to whisper-cli or openai (see docs/transcripts.md)',
    );
  const answers = answersOf(await storage.takes.list(session.id));
  if (answers.length === 0) throw new CommandError('the session has no answers yet');
  for (const { id } of answers) await storage.jobs.queue('transcribe', id);
  const jobs = await runHereOrThere(storage, config, session, new Set(answers.map(({ id }) => id)));
  const failed = jobs.filter(({ state }) => state !== 'done');
  if (failed.length > 0) throw new CommandError(failureOf(failed));
  return {
    folder: session.folder,
    transcript: path.join(storage.sessionPath(session), 'transcript.txt'),
    answers: jobs.map(({ question, state, reason }) => ({ question, state, reason })),
  };
}

/** One line that names every question that failed; what several have in common is said once. */
export function failureOf(failed: ReadonlyArray<Pick<Job, 'question' | 'state' | 'reason'>>): string {
  const groups = new Map<string, number[]>();
  for (const { question, state, reason } of failed) {
    const next = state === 'dead' ? '"tresgo job retry" begins it again' : 'it is tried again by the server';
    const words = `could not be transcribed (${next}): ${reason}`;
    groups.set(words, [...(groups.get(words) ?? []), question]);
  }
  return [...groups]
    .map(([words, questions]) => `question${questions.length === 1 ? '' : 's'} ${questions.join(', ')} ${words}`)
    .join('; ');
}

/** Lets the server of the data folder run the jobs; where no server runs, this process runs them. */
async function runHereOrThere(storage: Storage, config: Config, session: Session, takes: Set<string>): Promise<Job[]> {
  if (!claims(storage)) return waitFor(storage, session, takes, UNTAKEN_MS);
  const background = createBackground({ storage, config, log: silent, sessionId: session.id });
  if (!background.hasPrograms()) throw new CommandError('ffmpeg is missing: install it, or name it with TRESGO_FFMPEG');
  try {
    await background.start();
    return await waitFor(storage, session, takes, Number.POSITIVE_INFINITY);
  } finally {
    await background.stop();
  }
}

function claims(storage: Storage): boolean {
  try {
    storage.claim();
    return true;
  } catch {
    return false;
  }
}

/** Waits until each job is done, dead, or has failed once. Prints the progress on standard error. */
async function waitFor(storage: Storage, session: Session, takes: Set<string>, untakenMs: number): Promise<Job[]> {
  let printed = '';
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const jobs = (await storage.jobs.list({ sessionId: session.id }))
      .filter(({ kind, takeId }) => kind === 'transcribe' && takes.has(takeId))
      .sort((a, b) => a.question - b.question);
    const open = jobs.filter(({ state, reason }) => state === 'running' || (state === 'queued' && reason === null));
    if (open.length === 0) return jobs;
    if (open.some(({ state }) => state === 'running') || open.length < jobs.length) waitedMs = 0;
    if (waitedMs > untakenMs)
      throw new CommandError(
        'the running server has not begun it yet; it stays queued: is TRESGO_TRANSCRIBE set where the server runs, and ffmpeg there?',
      );
    const running = open.find(({ state }) => state === 'running');
    const line = running
      ? `Question ${running.question}: ${Math.round(running.progress * 100)} %`
      : 'Waiting for the server …';
    if (line !== printed) say(line);
    printed = line;
    await pause(LOOK_MS);
  }
}
