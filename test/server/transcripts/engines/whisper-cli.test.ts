/** The `whisper-cli` engine with programs in its place that crash, hang, print nonsense or nothing. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JobError } from '../../../../server/job-error.ts';
import type { Recording } from '../../../../server/transcripts/engines/engine.ts';
import { createWhisperCli, type WhisperCliOptions } from '../../../../server/transcripts/engines/whisper-cli.ts';
import { recognise as recogniseBy } from '../../../../server/transcripts/index.ts';
import { type OpenRecording, openRecording } from '../../../support/speech/speech.ts';

let recording: OpenRecording;
beforeEach(async () => {
  recording = await openRecording();
  await writeFile(path.join(recording.folder, 'model.bin'), 'a model');
});
afterEach(() => recording.close());

const inFolder = (name: string) => path.join(recording.folder, name);

/** Writes a shell script named whisper-cli: `$out` is the path of its result, `$lang` the language that it is given. */
async function stub(body: string, name = 'whisper-cli'): Promise<string> {
  const args = 'while [ $# -gt 0 ]; do case "$1" in -of) out=$2;; -l) lang=$2;; esac; shift; done';
  await writeFile(inFolder(name), `#!/bin/sh\necho "$*" >>args\n${args}\n${body}\n`, { mode: 0o755 });
  return inFolder(name);
}

function recognise(options: Partial<WhisperCliOptions> = {}, more: Partial<Recording> = {}) {
  const engine = createWhisperCli({ folders: [recording.folder], model: inFolder('model.bin'), ...options });
  return recogniseBy(engine, { ...recording.recording, ...more }, recording.context);
}

async function failure(...args: Parameters<typeof recognise>): Promise<JobError> {
  const error: unknown = await recognise(...args).then(
    () => new Error('it did not fail'),
    (cause: unknown) => cause,
  );
  if (error instanceof JobError) return error;
  throw error;
}

const result = (language: string, text: string) =>
  `{"result":{"language":"${language}"},"transcription":[{"offsets":{"from":0,"to":900},"text":"${text}","tokens":[]}]}`;
/** A script that writes a result in the language that it is given, else in English. */
const answers = (text: string) =>
  `[ "$lang" = auto ] && lang=en\ncat >"$out.json" <<END\n${result('$lang', text)}\nEND`;

test('the program gets the model, the sound, a language and a path, and its result is read', async () => {
  await stub(answers('$lang it is'));
  expect(await recognise({}, { language: 'vi-VN' })).toEqual({
    language: 'vi',
    segments: [{ text: 'vi it is', startMs: 0, endMs: 900, words: [], noSpeech: null }],
  });
  const [model, wav, out] = [inFolder('model.bin'), recording.recording.wavFile, inFolder('whisper')];
  expect(await readFile(inFolder('args'), 'utf8')).toBe(`-m ${model} -f ${wav} -l vi -ojf -of ${out}\n`);
});

test('printed segments give the progress, also where a line comes in parts', async () => {
  const parts = [
    '\\n[00:00:00.000 --> 00:',
    '00:01.000]   One\\n',
    '[00:00:01.000 --> 00:02:01.000]   Two\\nwhatever\\n',
  ];
  await stub(`${parts.map((part) => `printf '${part}'; sleep 0.1`).join('\n')}\n${answers('x')}`);
  await recognise();
  expect(recording.progress).toEqual([0.5, 1]);
});

test('the page’s language is used where the detection is not sure', async () => {
  const detects = (p: number) =>
    stub(`[ "$lang" = auto ] && echo "auto-detected language: en (p = ${p})" >&2\n${answers('x')}`);
  await detects(0.499);
  expect((await recognise({}, { languageHint: 'th' })).language).toBe('th');
  expect((await recognise({}, { languageHint: 'en-GB' })).language).toBe('en');
  expect((await recognise({}, { languageHint: 'tlh' })).language).toBe('en');
  expect((await recognise()).language).toBe('en');
  await detects(0.5);
  expect((await recognise({}, { languageHint: 'th' })).language).toBe('en');
  const languages = (await readFile(inFolder('args'), 'utf8')).match(/(?<=-l )\S+/g);
  expect(languages).toEqual(['auto', 'th', 'auto', 'auto', 'auto', 'auto']);
});

test('a missing program, model or language is final, and the reason says what to do', async () => {
  expect(await failure()).toMatchObject({
    final: true,
    message: expect.stringMatching(/can’t start whisper-cli.*job retry/),
  });
  expect(await failure({ command: '/nowhere/whisper-cli' })).toMatchObject({ final: true });
  await stub(answers('x'));
  expect(await failure({ model: inFolder('none.bin') })).toMatchObject({
    final: true,
    message: expect.stringMatching(/none\.bin.*TRESGO_WHISPER_MODEL.*tresgo job retry/),
  });
  expect(await failure({}, { language: 'tlh' })).toMatchObject({
    final: true,
    message: expect.stringContaining('“tlh”'),
  });
  expect(recording.progress).toEqual([]);
});

test.each([
  ['exit 3', 'error: failed to initialize whisper context', /model\.bin \(error: failed.*TRESGO_WHISPER_MODEL/],
  ['exit 127', 'libgomp.so.1: cannot open shared object file', /can’t start .*libgomp/],
  [result('en', 'x'), '', /English only/],
] as const)('`%s` is final', async (body, said, message) => {
  const isResult = body.startsWith('{');
  await stub(`echo "${said}" >&2\n${isResult ? `cat >"$out.json" <<END\n${body}\nEND` : body}`);
  expect(await failure({}, { language: 'vi' })).toMatchObject({ final: true, message: expect.stringMatching(message) });
});

test.each([
  ['a crash', 'kill -SEGV $$', /ended by SIGSEGV/],
  ['a status', 'echo "failed to process audio" >&2; exit 10', /status 10 \(failed to process audio\)/],
  ['no result', 'echo "error: failed to read audio file" >&2', /no result \(error: failed to read/],
  ['rubbish', 'echo "<html>" >"$out.json"', /makes no sense/],
  ['half a result', `printf '%s' '${result('en', 'x').slice(0, 60)}' >"$out.json"`, /makes no sense/],
  ['too much', 'head -c 80000000 /dev/zero >"$out.json"', /makes no sense|SIGXFSZ|status/],
])('%s may pass', async (_what, body, message) => {
  await stub(body);
  expect(await failure()).toMatchObject({ final: false, message: expect.stringMatching(message) });
});

test('the result of an earlier attempt is not used again', async () => {
  await stub(answers('x'));
  await recognise();
  await stub('true');
  expect(await failure()).toMatchObject({ final: false });
});

test('a program that hangs is ended when its time is used up', async () => {
  await stub('exec sleep 60');
  expect(await failure({ limitMs: () => 300 })).toMatchObject({
    final: false,
    message: 'whisper-cli took longer than 1 s',
  });
});

test('a stopped job ends the program and throws the stop’s reason', async () => {
  await stub('echo "[00:00:00.000 --> 00:00:01.000]  x"; exec sleep 60');
  const stopped = new Error('the server stops');
  const { onProgress } = recording.context;
  recording.context.onProgress = (fraction) => {
    onProgress(fraction);
    recording.abort.abort(stopped);
  };
  await expect(recognise()).rejects.toBe(stopped);
});
