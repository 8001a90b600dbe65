/** whisper.cpp's `whisper-cli` as an engine: one child process for each answer. */
import { constants } from 'node:fs';
import { access, readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { JobError, THEN_RETRY } from '../../job-error.ts';
import type { ProcessEnd } from '../../sandbox/process.ts';
import { findProgram } from '../../sandbox/programs.ts';
import type { Engine, EngineContext, Heard, Recognition, Recording } from './engine.ts';
import { languageTag, whisperCode } from './language.ts';
import { inWords, patienceMs, unreadable } from './limits.ts';
import { onThisThread } from './off-thread.ts';
import { whisperReading } from './whisper-json.ts';

/** Which program and which model are used. */
export interface WhisperCliOptions {
  /** A path, or a name that is looked up in `folders` for each answer: the program may be installed later. */
  command?: string;
  folders?: readonly string[];
  /** The model's file, in ggml format. */
  model: string;
  /** How long one answer may take, in ms. */
  limitMs?: (durationMs: number) => number;
}

const OUTPUT = 'whisper';
/** Enough for the words of many hours. */
const MAX_OUTPUT_BYTES = 64 << 20;
/** The statuses of prlimit, setpriv and the other wrappers where their `execvp` fails. */
const [NOT_EXECUTABLE, NOT_FOUND] = [126, 127];
/** whisper-cli: "failed to initialize whisper context". */
const NO_CONTEXT = 3;

/** Creates the engine. Program and model are looked for when the first answer is heard. */
export function createWhisperCli({
  command = 'whisper-cli',
  folders = [],
  model,
  limitMs = patienceMs,
}: WhisperCliOptions): Engine {
  // An absolute path: the child has another working folder.
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
    const onStdout = reportProgress(durationMs, context.onProgress);
    try {
      return await context.run({
        ...{ command: program, args, cwd, reads: [modelFile], onStdout, signal: context.signal },
        limits: { wallMs, cpuSeconds, memoryBytes: null, fileBytes: MAX_OUTPUT_BYTES },
        // The model may be readable for the server's user alone.
        dropUser: false,
      });
    } catch (cause) {
      context.signal.throwIfAborted();
      // May pass: the program and the model were there a moment ago, so the machine is short of something.
      throw new JobError(`can’t start ${program}`, { final: false, cause });
    }
  }

  return {
    name: 'whisper-cli',
    async hear(language, recording, context): Promise<Heard> {
      const program = findProgram(command, folders);
      if (!program) throw new JobError(notStarted(command, ' (it is not there)'), { final: true });
      await requireReadable(modelFile);
      const code = language === null ? 'auto' : whisperCode(language);
      if (!code) throw new JobError(`Whisper does not know the interview’s language “${language}”`, { final: true });
      const output = path.join(path.dirname(recording.wavFile), `${OUTPUT}.json`);
      await rm(output, { force: true });
      const end = await run(program, code, recording, context);
      const failure = failureOf(end, { program, modelFile, limitMs: limitMs(recording.durationMs) });
      if (failure) throw failure;
      const recognition = await readOutput(output, end, recording, context);
      if (code !== 'auto' && recognition.language !== languageTag(code)) {
        const reason = `${modelFile} knows English only, the interview’s language is ${code}: take a model without “.en”`;
        throw new JobError(`${reason}, ${THEN_RETRY}`, { final: true });
      }
      const probability = probabilityOf(end.stderr);
      return { recognition, detected: probability === null ? null : { language: recognition.language, probability } };
    },
  };
}

async function requireReadable(modelFile: string): Promise<void> {
  await access(modelFile, constants.R_OK).catch((cause: unknown) => {
    const reason = `can’t read the model ${modelFile}: put it there or correct TRESGO_WHISPER_MODEL, ${THEN_RETRY}`;
    throw new JobError(reason, { final: true, cause });
  });
}

/** whisper-cli prints each segment with its times as soon as it is recognised: `[00:00:01.500 --> 00:00:05.000]  …`. */
function reportProgress(durationMs: number, onProgress: (fraction: number) => void): (text: string) => void {
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

/** How probable the detected language is; null where whisper-cli does not say. */
function probabilityOf(stderr: string): number | null {
  const printed = /auto-detected language: \S+ \(p = ([\d.]+)\)/.exec(stderr)?.[1];
  return printed === undefined ? null : Number(printed);
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
    return new JobError(`${reason}, ${THEN_RETRY}`, { final: true });
  }
  return status === 0 ? null : new JobError(`whisper-cli ended with status ${status}${said}`, { final: false });
}

function notStarted(program: string, why: string): string {
  return `can’t start ${program}${why}: build whisper.cpp and see that its whisper-cli is in PATH, ${THEN_RETRY}`;
}

async function readOutput(
  file: string,
  { stderr }: ProcessEnd,
  { durationMs }: Recording,
  { signal, offThread = onThisThread }: EngineContext,
): Promise<Recognition> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new JobError(`whisper-cli gave no result${lastLine(stderr)}`, { final: false, cause });
  });
  try {
    return await offThread(whisperReading, { bytes, durationMs }, { durationMs, signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw unreadable('whisper-cli', durationMs, 'a result that makes no sense', cause);
  }
}

/** The last line that was printed, shortened, in brackets. */
function lastLine(stderr: string): string {
  const line = stderr
    .replace(/[^\P{C}\n]/gu, '')
    .trim()
    .split('\n')
    .at(-1)
    ?.trim()
    .slice(0, 200);
  return line ? ` (${line})` : '';
}
