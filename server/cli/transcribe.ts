import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { answersOf, type Storage } from '../../storage/index.ts';
import type { Job, Session } from '../../storage/types.ts';
import type { Config } from '../config.ts';
import { createBackground } from '../jobs/background.ts';
import { CommandError, type CommonOptions, type Print, show, withCommon, withStorage } from './command.ts';

const LOOK_MS = 300;
/** A server that takes none of the jobs for that long will not take them: it may have no engine. */
const UNTAKEN_MS = 150_000;
const silent = { info() {}, warn() {} };

/** `tresgo transcribe` */
export function addTranscribeCommand(program: Command, print: Print): void {
  withCommon(program.command('transcribe').argument('<folder>', 'the session’s folder, from "session list"'))
    .description('write down what was said in a session’s answers, or do it again')
    .action(async (folder: string, options: CommonOptions) => {
      const told = await withStorage(options, (storage, config) => transcribe(storage, config, folder));
      show(print, options, told, () =>
        [...told.answers.map(({ question, state }) => `Question ${question}: ${state}`), told.transcript].join('\n'),
      );
    });
}

async function transcribe(storage: Storage, config: Config, folder: string) {
  const session = await storage.sessions.getByFolder(folder);
  if (!session)
    throw new CommandError(`there is no session ${JSON.stringify(folder)}: "tresgo session list" shows them`);
  if (config.transcription.kind === 'off')
    throw new CommandError('no speech engine is set: set TRESGO_TRANSCRIBE to whisper-cli or openai (see the README)');
  const answers = answersOf(await storage.takes.list(session.id));
  if (answers.length === 0) throw new CommandError('the session has no answers yet');
  for (const { id } of answers) await storage.jobs.queue('transcribe', id);
  const jobs = await runHereOrThere(storage, config, session, new Set(answers.map(({ id }) => id)));
  const failed = jobs.find(({ state }) => state !== 'done');
  if (failed) {
    const next = failed.state === 'dead' ? '"tresgo job retry" begins it again' : 'it is tried again by the server';
    throw new CommandError(`question ${failed.question} could not be transcribed (${next}): ${failed.reason}`);
  }
  return {
    folder,
    transcript: path.join(storage.sessionPath(session), 'transcript.txt'),
    answers: jobs.map(({ question, state, reason }) => ({ question, state, reason })),
  };
}

/** By the server that has the data folder; where there is none, by this process. */
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

/** Until each job is done, dead, or has failed once. Tells on standard error how far they are. */
async function waitFor(storage: Storage, session: Session, takes: Set<string>, untakenMs: number): Promise<Job[]> {
  let told = '';
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
    if (line !== told) process.stderr.write(`${line}\n`);
    told = line;
    await pause(LOOK_MS);
  }
}
