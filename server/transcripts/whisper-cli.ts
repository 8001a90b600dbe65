/** whisper.cpp's `whisper-cli` as an engine: a child process for each answer. */
import { constants } from 'node:fs';
import { access, readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { JobError } from '../jobs/job-error.ts';
import type { ProcessEnd } from '../jobs/process.ts';
import { findProgram } from '../jobs/programs.ts';
import type { Engine, EngineContext, Recognition, Recording } from './engine.ts';
import { languageTag, whisperCode } from './language.ts';
import { inWords, patienceMs } from './limits.ts';
import { readWhisperJson } from './whisper-json.ts';

export interface WhisperCliOptions {
  /** A path, or a name that is looked up in `folders` each time: it may be installed later. */
  command?: string;
  folders?: readonly string[];
  /** The model's file, in ggml format. */
  model: string;
  /** What one answer may take. */
  limitMs?: (durationMs: number) => number;
}

const OUTPUT = 'whisper';
/** The words of many hours. */
const MAX_OUTPUT_BYTES = 64 << 20;
/** Below this, the page's language is likelier than the one that was detected. */
const SURE = 0.5;
const RETRY = 'then `tresgo job retry`';
/** What `execvp` fails with in prlimit, setpriv and so on. */
const [NOT_EXECUTABLE, NOT_FOUND] = [126, 127];
/** whisper-cli: "failed to initialize whisper context". */
const NO_CONTEXT = 3;

/**
 * A language that the interview demands is taken as it is. Else the engine detects it, and where it is not sure and the
 * page's language is another one, the answer is heard once more in that.
 */
export function createWhisperCli({
  command = 'whisper-cli',
  folders = [],
  model,
  limitMs = patienceMs,
}: WhisperCliOptions): Engine {
  // The child has another working folder.
  const modelFile = path.resolve(model);

  async function run(
    program: string,
    code: string,
    { wavFile, durationMs }: Recording,
    context: EngineContext,
  ): Promise<ProcessEnd> {
    const cwd = path.dirname(wavFile);
    const args = ['-m', modelFile, '-f', wavFile, '-l', code, '-ojf', '-of', path.join(cwd, OUTPUT)];
    const wallMs = limitMs(durationMs);
    const cpuSeconds = Math.ceil((wallMs / 1_000) * availableParallelism());
    const onStdout = tellProgress(durationMs, context.onProgress);
    try {
      return await context.run({
        ...{ command: program, args, cwd, onStdout, signal: context.signal },
        limits: { wallMs, cpuSeconds, memoryBytes: null, fileBytes: MAX_OUTPUT_BYTES },
        // Models lie where the server's user put them.
        dropUser: false,
      });
    } catch (cause) {
      context.signal.throwIfAborted();
      // The machine may be short of something; what is missing was looked for before.
      throw new JobError(`can’t start ${program}`, { final: false, cause });
    }
  }

  async function hear(program: string, code: string, recording: Recording, context: EngineContext) {
    const output = path.join(path.dirname(recording.wavFile), `${OUTPUT}.json`);
    await rm(output, { force: true });
    const end = await run(program, code, recording, context);
    const failure = failureOf(end, { program, modelFile, limitMs: limitMs(recording.durationMs) });
    if (failure) throw failure;
    const recognition = await readOutput(output, end);
    if (code !== 'auto' && recognition.language !== languageTag(code)) {
      const reason = `${modelFile} knows English only, the interview’s language is ${code}: take a model without “.en”`;
      throw new JobError(`${reason}, ${RETRY}`, { final: true });
    }
    return { recognition, sureness: surenessOf(end.stderr) };
  }

  return {
    name: 'whisper-cli',
    async recognise(recording, context) {
      const { language, languageHint } = recording;
      const program = findProgram(command, folders);
      if (!program) throw new JobError(notStarted(command, ' (it is not there)'), { final: true });
      await requireReadable(modelFile);
      const code = language === null ? 'auto' : whisperCode(language);
      if (!code) throw new JobError(`Whisper does not know the interview’s language “${language}”`, { final: true });
      const { recognition, sureness } = await hear(program, code, recording, context);
      const likely = languageHint === null ? null : whisperCode(languageHint);
      if (code !== 'auto' || sureness >= SURE || likely === null) return recognition;
      if (recognition.language !== null && whisperCode(recognition.language) === likely) return recognition;
      return (await hear(program, likely, recording, context)).recognition;
    },
  };
}

async function requireReadable(modelFile: string): Promise<void> {
  await access(modelFile, constants.R_OK).catch((cause: unknown) => {
    const reason = `can’t read the model ${modelFile}: put it there or correct TRESGO_WHISPER_MODEL, ${RETRY}`;
    throw new JobError(reason, { final: true, cause });
  });
}

/** It prints each segment with its times as soon as it has it: `[00:00:01.500 --> 00:00:05.000]  …`. */
function tellProgress(durationMs: number, onProgress: (fraction: number) => void): (text: string) => void {
  let line = '';
  return (text) => {
    const lines = `${line}${text}`.split('\n');
    line = lines.pop()?.slice(0, 1_000) ?? '';
    const last = lines.map((each) => /^\[.{12} --> (\d+):(\d\d):(\d\d)\.\d{3}\]/.exec(each)).findLast(Boolean);
    if (!last) return;
    const seconds = Number(last[1]) * 3_600 + Number(last[2]) * 60 + Number(last[3]);
    onProgress(Math.min(1, (seconds * 1_000) / Math.max(1, durationMs)));
  };
}

/** How sure it was of the language that it detected; 1 where it did not say. */
function surenessOf(stderr: string): number {
  const said = /auto-detected language: \S+ \(p = ([\d.]+)\)/.exec(stderr)?.[1];
  return said === undefined ? 1 : Number(said);
}

function failureOf(
  { status, signal, stderr, timedOut }: ProcessEnd,
  { program, modelFile, limitMs }: { program: string; modelFile: string; limitMs: number },
): JobError | null {
  const said = lastLine(stderr);
  if (timedOut) return new JobError(`whisper-cli took longer than ${inWords(limitMs)}`, { final: false });
  if (signal !== null) return new JobError(`whisper-cli was ended by ${signal}${said}`, { final: false });
  if (status === NOT_FOUND || status === NOT_EXECUTABLE)
    return new JobError(notStarted(program, said), { final: true });
  if (status === NO_CONTEXT) {
    const reason = `whisper-cli can’t use ${modelFile}${said}: put a whole ggml model there or correct TRESGO_WHISPER_MODEL`;
    return new JobError(`${reason}, ${RETRY}`, { final: true });
  }
  return status === 0 ? null : new JobError(`whisper-cli ended with status ${status}${said}`, { final: false });
}

function notStarted(program: string, why: string): string {
  return `can’t start ${program}${why}: build whisper.cpp and see that its whisper-cli is in PATH, ${RETRY}`;
}

async function readOutput(file: string, { stderr }: ProcessEnd): Promise<Recognition> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new JobError(`whisper-cli gave no result${lastLine(stderr)}`, { final: false, cause });
  });
  try {
    return readWhisperJson(bytes);
  } catch (cause) {
    throw new JobError('whisper-cli’s result makes no sense', { final: false, cause });
  }
}

/** The last thing that was said, short, in brackets. */
function lastLine(stderr: string): string {
  const line = stderr.trim().split('\n').at(-1)?.trim().slice(0, 200);
  return line ? ` (${line})` : '';
}
