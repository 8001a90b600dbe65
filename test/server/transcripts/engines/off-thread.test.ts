/** Results that are long, or made to exhaust their reader, in threads: the caller's thread goes on. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOffThread, onThisThread } from '../../../../server/transcripts/engines/off-thread.ts';
import { openAiReading } from '../../../../server/transcripts/engines/openai-response.ts';
import { shaping } from '../../../../server/transcripts/transcript.ts';
import { temporaryFolder } from '../../../support/server/server.ts';
import { openRecording, wavOf } from '../../../support/speech/speech.ts';

const sources = path.resolve(import.meta.dirname, '../../../..');
const { signal } = new AbortController();
let root: Awaited<ReturnType<typeof temporaryFolder>>;
let script: string;
beforeAll(async () => {
  root = await temporaryFolder();
  script = path.join(root.path, 'worker.mjs');
  await build({
    ...{ logLevel: 'silent', configFile: false },
    build: {
      ssr: path.join(sources, 'server/transcripts/worker.ts'),
      ...{ outDir: root.path, emptyOutDir: false },
      rollupOptions: { output: { entryFileNames: 'worker.mjs' } },
    },
    ssr: { noExternal: true },
  });
}, 60_000);
afterAll(() => root.remove());

/** The response about `seconds` of speech, with three words a second. */
function spoken(seconds: number): string {
  const segments = Array.from({ length: Math.floor(seconds / 5) }, (_, at) => {
    const words = Array.from({ length: 15 }, (_, word) => ({
      ...{ word: ` word${(at * 15 + word) % 977}`, probability: 0.9 },
      ...{ start: at * 5 + word / 3, end: at * 5 + (word + 1) / 3 },
    }));
    return { text: words.map(({ word }) => word).join(''), start: at * 5, end: at * 5 + 5, words };
  });
  return JSON.stringify({ language: 'en', text: '', segments });
}

test('two hours of words are read and shaped as on the caller’s thread, which goes on meanwhile', async () => {
  const durationMs = 7_200_000;
  const { recording, close } = await openRecording({ wav: wavOf([{ seconds: 1, dbfs: -20 }]), durationMs });
  try {
    const offThread = createOffThread(script);
    const input = { text: spoken(7_200), isPlain: false, durationMs };
    const late = monitorEventLoopDelay({ resolution: 5 });
    late.enable();
    const heard = await offThread(openAiReading, input, { durationMs, signal });
    const sound = { recognition: heard.recognition, wavFile: recording.wavFile, durationMs, engine: 'test' };
    const files = await offThread(shaping, sound, { durationMs, signal });
    late.disable();
    const maxMs = Math.round(late.max / 1e6);
    const busy = performance.now();
    const same = await onThisThread(openAiReading, input, { durationMs, signal });
    expect(await onThisThread(shaping, sound, { durationMs, signal })).toEqual(files);
    const ownMs = Math.round(performance.now() - busy);
    expect(same).toEqual(heard);
    expect(heard.recognition.segments).toHaveLength(1_440);
    console.log(`two hours of words: the caller waited for up to ${maxMs} ms; on its own thread it takes ${ownMs} ms`);
    expect(maxMs).toBeLessThan(ownMs / 2);
  } finally {
    await close();
  }
}, 120_000);

test('work that needs too much time or memory ends with an error, and so does a stopped one; the process goes on', async () => {
  const durationMs = 3_000;
  const slow = createOffThread(script, () => 300);
  const segment = { text: 'ก'.repeat(5_000_000), startMs: 0, endMs: 3_000, words: [], noSpeech: null };
  const { recording, close } = await openRecording({ durationMs });
  const sound = { recognition: { language: 'th', segments: [segment] }, wavFile: recording.wavFile, durationMs };
  try {
    await expect(slow(shaping, { ...sound, engine: 'test' }, { durationMs, signal })).rejects.toThrow(/longer than/);
    const greedy = path.join(root.path, 'greedy.mjs');
    await writeFile(greedy, 'const all = []; for (;;) all.push(new Array(1e5).fill(0));');
    const outcome = createOffThread(greedy)(shaping, { ...sound, engine: 'test' }, { durationMs, signal });
    await expect(outcome).rejects.toThrow(/memory/);
    const controller = new AbortController();
    const going = createOffThread(script)(
      shaping,
      { ...sound, engine: 'x' },
      { durationMs, signal: controller.signal },
    );
    controller.abort(new Error('the server stops'));
    await expect(going).rejects.toThrow('the server stops');
    const unreadable = { text: 'no json', isPlain: false, durationMs };
    await expect(createOffThread(script)(openAiReading, unreadable, { durationMs, signal })).rejects.toThrow(/JSON/);
  } finally {
    await close();
  }
}, 120_000);

test('the build puts the threads’ program beside the server', () => {
  const dist = path.join(sources, 'dist/server');
  expect(readFileSync(path.join(dist, 'index.js'), 'utf8')).toContain('import.meta.dirname, "transcript-worker.js"');
  expect(existsSync(path.join(dist, 'transcript-worker.js'))).toBe(true);
});
