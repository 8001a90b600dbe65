// A real engine for English in the tests: Debian's pocketsphinx behind the interface of engines.
import { access } from 'node:fs/promises';
import path from 'node:path';
import { JobError } from '../../../server/job-error.ts';
import type { Engine } from '../../../server/transcripts/engines/engine.ts';
import type { Segment, Word } from '../../../server/transcripts/words/segments.ts';
import { locate } from '../install.mjs';

/** From Debian's package pocketsphinx-en-us; the program finds the model by itself. */
const MODEL = '/usr/share/pocketsphinx/model/en-us/en-us.lm.bin';
/** `worked 5.090 5.400 0.914562`: a word, its start and end in seconds, and its confidence. */
const WORD = /^(\S+) (\d+\.\d+) (\d+\.\d+) (\d+\.\d+)$/;
/** `<s>`, `<sil>`, `[NOISE]`, `++BREATH++` */
const NO_WORD = /^[<[+]/;

/** Needs about 0.4 of real time; 18-25 % of the words of ffmpeg's `flite` voices are wrong. Throws where pocketsphinx is missing. */
export function createPocketsphinx(): Engine {
  const command = locate('pocketsphinx');
  if (!command) throw new Error('pocketsphinx is missing: run `node test/support/install.mjs`');
  return {
    name: 'pocketsphinx',
    async hear(_language, { wavFile, durationMs }, { run, signal, onProgress }) {
      await access(MODEL);
      let output = '';
      const { status, stderr } = await run({
        ...{ command, args: ['-infile', wavFile, '-time', 'yes', '-logfn', '/dev/null'], cwd: path.dirname(wavFile) },
        limits: { wallMs: 600_000, cpuSeconds: 600, memoryBytes: null, fileBytes: 1 << 20 },
        ...{ signal, dropUser: false },
        onStdout: (text) => {
          output += text;
          const seconds = Number(/ (\d+\.\d+) \d+\.\d+\n$/.exec(output)?.[1] ?? 0);
          onProgress(Math.min(1, (seconds * 1_000) / Math.max(1, durationMs)));
        },
      });
      if (status !== 0) throw new JobError(`pocketsphinx ended with status ${status} (${stderr})`, { final: false });
      return { recognition: { language: 'en', segments: segmentsOf(output) }, detected: null };
    },
  };
}

/** A line of text for each utterance, then its words. */
function segmentsOf(output: string): Segment[] {
  const utterances: Word[][] = [];
  for (const line of output.split('\n').filter(Boolean)) {
    const [, text = '', start, end, confidence] = WORD.exec(line) ?? [];
    if (start === undefined) utterances.push([]);
    else if (!NO_WORD.test(text))
      utterances.at(-1)?.push({
        // `and(2)` is the second pronunciation of `and`.
        text: text.replace(/\(\d+\)$/, ''),
        startMs: Math.round(Number(start) * 1_000),
        endMs: Math.round(Number(end) * 1_000),
        confidence: Math.min(1, Number(confidence)),
      });
  }
  return utterances.flatMap((words) => {
    const [first, last] = [words[0], words.at(-1)];
    if (!first || !last) return [];
    const text = words.map((word) => word.text).join(' ');
    return [{ text, startMs: first.startMs, endMs: last.endMs, words, noSpeech: null }];
  });
}
