/**
 * What the recorders of a candidate's pages delivered and how each ended, told by the pages while they run, and compared at the
 * end with what the server holds.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { BrowserContext } from '@playwright/test';
import { lacksMuch } from '../../client/interview/take.ts';
import { probe } from '../support/media/media.ts';
import type { TestServer } from '../support/server/server.ts';
import type { SessionMeta } from './fixtures.ts';

/** An answer below this is asked about, in ms; a recorder may start up to 100 ms after the page's clock. */
const SHORT_MS = 3000 - 100;

/** Screens behind the end of an answer. */
const endings: ReadonlySet<string> = new Set(['gate', 'recovered']);

/** What a page tells. `recorder` names one recorder of one page. */
type Told =
  | { type: 'start'; recorder: string; question: number | null; screen: string }
  /** All chunks so far. */
  | { type: 'chunk'; recorder: string; bytes: number; sha256: string }
  /** The page stops the recorder. `screen`: where the page is by then. */
  | { type: 'stop'; recorder: string; screen: string; ms: number }
  /** The recorder has delivered its last chunk. */
  | { type: 'whole'; recorder: string }
  | { type: 'press'; text: string; question: number | null; screen: string };

declare global {
  interface Window {
    /** Set by this file. */
    tellTest(told: Told): Promise<void>;
  }
}

/** One recording of a question. */
interface Recording {
  question: number;
  chunks: Array<{ bytes: number; sha256: string }>;
  whole: boolean;
  stop: { screen: string; ms: number } | null;
  /** "Finish it" was pressed while it recorded. */
  confirmed: boolean;
  /** "Keep this answer" was pressed after it. */
  kept: boolean;
}

/** The recordings of one candidate. */
export interface Recordings {
  /** Listens to every page of the context. To be called before the first page. */
  listen(context: BrowserContext): Promise<void>;
  /** Presses so far, by screen and name. */
  readonly presses: ReadonlyMap<string, number>;
  /** What is wrong with the recordings, or with the answers that the server holds: each is whole, the last one of its question, and was meant to end. */
  faults(server: Pick<TestServer, 'dataDir'>, slug: string): Promise<string[]>;
  /** For a failure's message. */
  toString(): string;
}

/** Runs in the page. Uses nothing from outside its braces. */
function tell(): void {
  const page = `${Date.now()}-${Math.random()}`;
  let count = 0;
  let last: MediaRecorder | null = null;
  const running = new WeakMap<MediaRecorder, { recorder: string; startedAt: number }>();
  const { start, stop } = MediaRecorder.prototype;
  const screen = () => document.getElementById('app')?.dataset.screen ?? 'log-in';
  const question = () => window.tresgo?.status().question ?? null;
  // In order: a binding is called before the next one.
  const say = (told: Told) => void window.tellTest(told).catch(() => {});

  function follow(this: MediaRecorder, recorder: string): void {
    const parts: Blob[] = [];
    let told: Promise<void> = Promise.resolve();
    this.addEventListener('dataavailable', ({ data }) => {
      if (data.size === 0) return;
      parts.push(data);
      const all = new Blob(parts);
      told = told.then(async () => {
        const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await all.arrayBuffer()));
        const sha256 = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
        say({ type: 'chunk', recorder, bytes: all.size, sha256 });
      });
    });
    this.addEventListener('stop', () => void told.then(() => say({ type: 'whole', recorder })));
  }

  Object.assign(MediaRecorder.prototype, {
    start(this: MediaRecorder, timeslice?: number) {
      // Sound that goes ahead of an answer is no answer.
      if (last?.state === 'recording' && this.stream.getVideoTracks().length === 0) return start.call(this, timeslice);
      last = this;
      count += 1;
      const recorder = `${page}/${count}`;
      running.set(this, { recorder, startedAt: performance.now() });
      follow.call(this, recorder);
      say({ type: 'start', recorder, question: question(), screen: screen() });
      start.call(this, timeslice);
    },
    stop(this: MediaRecorder) {
      const { recorder = '', startedAt = 0 } = running.get(this) ?? {};
      say({ type: 'stop', recorder, screen: screen(), ms: performance.now() - startedAt });
      stop.call(this);
    },
  });
  const note = ({ target }: Event) => {
    const pressed = target instanceof Element ? target.closest('button, a.button, summary, label.tick') : null;
    if (pressed === null || pressed.matches('[aria-disabled="true"]')) return;
    say({ type: 'press', text: pressed.textContent?.trim() ?? '', question: question(), screen: screen() });
  };
  document.addEventListener('click', note, { capture: true });
}

/** Creates what follows the recordings of one candidate. `nameOf` gives the English words of a button in any language. */
export function createRecordings(nameOf: (text: string) => string): Recordings {
  const recordings = new Map<string, Recording>();
  const presses = new Map<string, number>();

  function handle(told: Told): void {
    const recording = 'recorder' in told ? recordings.get(told.recorder) : undefined;
    const last = (question: number | null) =>
      [...recordings.values()].filter((each) => each.question === question).at(-1);
    switch (told.type) {
      case 'start':
        // The practice question leaves no trace.
        if (told.question === null || told.screen === 'practice') return;
        recordings.set(told.recorder, {
          ...{ question: told.question, chunks: [], whole: false, stop: null, confirmed: false, kept: false },
        });
        return;
      case 'chunk':
        recording?.chunks.push({ bytes: told.bytes, sha256: told.sha256 });
        return;
      case 'stop':
        if (recording) recording.stop ??= { screen: told.screen, ms: told.ms };
        return;
      case 'whole':
        if (recording) recording.whole = true;
        return;
      case 'press': {
        const name = nameOf(told.text);
        const key = `${told.screen}: ${name}`;
        presses.set(key, (presses.get(key) ?? 0) + 1);
        const pressedAt = last(told.question);
        if (name === 'Finish it' && pressedAt) pressedAt.confirmed = true;
        if (name === 'Keep this answer' && pressedAt)
          for (const each of recordings.values()) if (each.question === told.question) each.kept = true;
      }
    }
  }

  /** Whether the page has ended this recording as an answer, however short, and the candidate did not mean it. */
  const isUnmeant = ({ stop, confirmed }: Recording) =>
    stop !== null && endings.has(stop.screen) && stop.ms < SHORT_MS && !confirmed;
  /** Whether this recording was cut: it counts only where the candidate keeps it. */
  const isCut = ({ stop }: Recording) => stop === null || !endings.has(stop.screen);

  /** Whether the server's bytes are this recording: all of it or, where its page has gone, its beginning. */
  function holds(bytes: Buffer, { whole, chunks }: Recording): boolean {
    const known = whole ? chunks.at(-1) : chunks.findLast((each) => each.bytes <= bytes.length);
    if (!known || known.bytes > bytes.length || (whole && known.bytes !== bytes.length)) return false;
    return sha256Of(bytes.subarray(0, known.bytes)) === known.sha256;
  }

  async function faultsOf(file: string, { questionIndex, sha256 }: SessionMeta['files'][number]): Promise<string[]> {
    const bytes = await readFile(file);
    const name = path.basename(file);
    if (sha256Of(bytes) !== sha256) return [`${name} is not what meta.json says`];
    const all = [...recordings.values()].filter((each) => each.question === questionIndex);
    const recording = all.findLast((each) => holds(bytes, each));
    if (!recording) return [`${name} is no recording of question ${questionIndex}`];
    // A page that goes at the first chunk of a recording may never have kept it.
    const later = all.slice(all.indexOf(recording) + 1).filter(({ chunks, stop }) => chunks.length > 1 || stop);
    const faults = later.length > 0 ? [`${name} is not the last recording of question ${questionIndex}`] : [];
    if (isCut(recording) && !recording.kept) faults.push(`${name} was cut, and never kept`);
    const { durationSeconds, decodeErrors } = await probe(file);
    const errors = decodeErrors.filter((line) => recording.whole || !line.includes('File ended prematurely'));
    if (errors.length > 0) faults.push(`${name}: ${errors.join('; ')}`);
    // Of an answer that lacks more than this the candidate is told, and keeps it or not.
    const isShort = lacksMuch({ recordedMs: durationSeconds * 1000, spokenMs: SHORT_MS });
    if (isShort && !recording.confirmed && !recording.kept)
      faults.push(`${name} lasts ${durationSeconds} s, and was not confirmed`);
    return faults;
  }

  return {
    presses,
    async listen(context) {
      await context.exposeFunction('tellTest', handle);
      await context.addInitScript(tell);
    },
    async faults({ dataDir }, slug) {
      const sessions = path.join(dataDir, 'sessions');
      const [name, ...others] = (await readdir(sessions)).filter((each) => each.endsWith(`_${slug}`));
      if (name === undefined || others.length > 0) return [`sessions: ${[name, ...others]}`];
      const folder = path.join(sessions, name);
      const meta = JSON.parse(await readFile(path.join(folder, 'meta.json'), 'utf8')) as SessionMeta;
      const found = meta.files.map(({ questionIndex }) => questionIndex);
      const faults = meta.status === 'finished' ? [] : [`the session is ${meta.status}`];
      if (found.join() !== Array.from({ length: meta.totalQuestions }, (_, at) => at + 1).join())
        faults.push(`answers to ${found.join()} of ${meta.totalQuestions}`);
      for (const file of meta.files) faults.push(...(await faultsOf(path.join(folder, file.fileName), file)));
      for (const { question, stop } of [...recordings.values()].filter(isUnmeant))
        faults.push(`a take of question ${question} ended after ${stop?.ms} ms, and was not confirmed`);
      return faults;
    },
    toString: () =>
      JSON.stringify([...recordings.values()].map(({ chunks, ...rest }) => ({ ...rest, n: chunks.length }))),
  };
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
