/**
 * The wait at the gate, in real Chromium over an emulated uplink: streaming through our page, and beside it in the same
 * run the original's way, one multipart POST after the stop.
 *
 *   npm run bench:gate -- --link const:2000 --answers 3 --seconds 20 [--delay 50] [--trace FILE] [--json]
 */
import { parseArgs } from 'node:util';
import { type Browser, chromium } from '@playwright/test';
import { AUDIO, VIDEO } from '../client/devices.ts';
import { AUDIO_BITS_PER_SECOND, VIDEO_BITS_PER_SECOND } from '../client/take.ts';
import { chromiumArgs, chromiumPath } from '../test/support/browser.ts';
import { fakeMedia } from '../test/support/media.ts';
import { spawnServer, startSession, type TestServer, temporaryFolder, tresgo } from '../test/support/server.ts';
import { type Link, openLink, parseLink } from './link.ts';
import { median, toTable } from './table.ts';

const NAME = 'Bench Candidate';
/** Of the default interview: more answers take more sessions. */
const QUESTIONS = 5;

interface Answer {
  way: 'streaming' | 'multipart';
  answer: number;
  /** From the stop to the server's confirmation. */
  waitMs: number;
  /** Of the recording. */
  bytes: number;
  /** Out of the page for this answer, all requests with their heads. */
  sentBytes: number;
  /** Bytes of the recording that were sent more than once. */
  resentBytes: number;
}

interface Round {
  browser: Browser;
  server: TestServer;
  seconds: number;
  answers: number;
  openUplink: () => Promise<Link>;
}

/** Our page: log in, and answer after answer. */
async function streaming({ browser, server, seconds, answers, openUplink }: Round): Promise<Answer[]> {
  const results: Answer[] = [];
  while (results.length < answers) {
    const link = await openUplink();
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${link.url}/#t=${await createToken(server)}`);
    await page.getByRole('textbox', { name: 'Full name' }).fill(NAME);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Start interview' }).click();
    for (let question = 1; question <= QUESTIONS && results.length < answers; question++) {
      await page.getByRole('heading', { name: `Question ${question} of ${QUESTIONS}` }).waitFor();
      await page.getByRole('status').getByText('Recording', { exact: true }).waitFor();
      const before = link.stats.bytesUp;
      await page.waitForTimeout(seconds * 1000);
      await page.getByRole('button', { name: question === QUESTIONS ? 'Finish interview' : 'Next question' }).click();
      const gate = await page.waitForFunction(
        (index) => window.tresgo.status().gate.find((each) => each.question === index),
        question,
        { timeout: 0 },
      );
      const { waitMs, bytes, resentBytes } = (await gate.jsonValue()) as Omit<Answer, 'way' | 'answer' | 'sentBytes'>;
      results.push({
        way: 'streaming',
        answer: results.length + 1,
        waitMs,
        bytes,
        sentBytes: link.stats.bytesUp - before,
        resentBytes,
      });
    }
    await page.context().close();
    await link.close();
  }
  return results;
}

/** The original's page: the same recording, one POST after the stop, and again after 2, 4 and 8 s where it fails. */
async function multipart({ browser, server, seconds, answers, openUplink }: Round): Promise<Answer[]> {
  const results: Answer[] = [];
  while (results.length < answers) {
    const link = await openUplink();
    const token = await createToken(server);
    const folder = await startSession(server.url, token, NAME);
    const page = await (await browser.newContext()).newPage();
    await page.goto(link.url);
    for (let question = 1; question <= QUESTIONS && results.length < answers; question++) {
      const before = link.stats.bytesUp;
      const { waitMs, bytes, tries } = await page.evaluate(recordAndPost, {
        ...{ token, folder, question, seconds, video: VIDEO, audio: AUDIO },
        ...{ videoBitsPerSecond: VIDEO_BITS_PER_SECOND, audioBitsPerSecond: AUDIO_BITS_PER_SECOND },
      });
      const sentBytes = link.stats.bytesUp - before;
      results.push({
        way: 'multipart',
        answer: results.length + 1,
        waitMs,
        bytes,
        sentBytes,
        resentBytes: tries > 1 ? Math.max(0, sentBytes - bytes) : 0,
      });
    }
    await page.context().close();
    await link.close();
  }
  return results;
}

interface PostOptions {
  token: string;
  folder: string;
  question: number;
  seconds: number;
  video: MediaTrackConstraints;
  audio: MediaTrackConstraints;
  videoBitsPerSecond: number;
  audioBitsPerSecond: number;
}

/** Runs inside the page, and so uses nothing from outside its braces. */
async function recordAndPost({
  token,
  folder,
  question,
  seconds,
  video,
  audio,
  ...bits
}: PostOptions): Promise<{ waitMs: number; bytes: number; tries: number }> {
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const stream = await navigator.mediaDevices.getUserMedia({ video, audio });
  const recorder = new MediaRecorder(stream, { mimeType: 'video/webm;codecs=vp8,opus', ...bits });
  const chunks: Blob[] = [];
  recorder.addEventListener('dataavailable', ({ data }) => chunks.push(data));
  recorder.start(500);
  await pause(seconds * 1000);
  const stoppedAt = performance.now();
  await new Promise((resolve) => {
    recorder.addEventListener('stop', resolve);
    recorder.stop();
  });
  for (const track of stream.getTracks()) track.stop();
  const form = new FormData();
  form.append('token', token);
  form.append('folder', folder);
  form.append('questionIndex', String(question));
  form.append('video', new Blob(chunks, { type: 'video/webm' }), `Q${question}.webm`);
  const bytes = chunks.reduce((sum, { size }) => sum + size, 0);
  for (const [at, waitMs] of [2000, 4000, 8000, null].entries()) {
    const ok = await fetch('/api/upload-one', { method: 'POST', body: form }).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return { waitMs: Math.round(performance.now() - stoppedAt), bytes, tries: at + 1 };
    if (waitMs !== null) await pause(waitMs);
  }
  throw new Error('the original gave the answer up after four tries');
}

async function createToken(server: TestServer): Promise<string> {
  const { stdout } = await tresgo(['token', 'create', '--name', NAME, '--json', '--data-dir', server.dataDir]);
  return (JSON.parse(stdout) as { token: string }).token;
}

/** Runs the bench and prints it. Returns the exit status. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      link: { type: 'string', default: 'const:2000' },
      trace: { type: 'string' },
      delay: { type: 'string', default: '50' },
      answers: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '20' },
      json: { type: 'boolean', default: false },
    },
  });
  const name = values.trace ?? values.link;
  const rate = parseLink(name);
  const [seconds, answers, delayMs] = [Number(values.seconds), Number(values.answers), Number(values.delay)];
  if (!(seconds > 0 && answers > 0 && delayMs >= 0)) {
    process.stderr.write('bench: --seconds and --answers take numbers above 0, --delay one from 0\n');
    return 2;
  }
  const folder = await temporaryFolder();
  const server = await spawnServer({ dataDir: folder.path });
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: chromiumArgs(await fakeMedia()) });
  try {
    const openUplink = () => openLink({ to: { host: '127.0.0.1', port: server.port }, rate, delayMs });
    const round: Round = { browser, server, seconds, answers, openUplink };
    const tell = (text: string) => void (values.json || process.stderr.write(`${text}\n`));
    tell(`${answers} answers of ${seconds} s each way over ${name}, ${delayMs} ms each direction …`);
    const results = [...(await streaming(round)), ...(await multipart(round))];
    const summary = (['streaming', 'multipart'] as const).map((way) => {
      const of = results.filter((result) => result.way === way);
      return {
        way,
        answers: of.length,
        medianWaitMs: median(of.map(({ waitMs }) => waitMs)),
        maxWaitMs: Math.max(...of.map(({ waitMs }) => waitMs)),
      };
    });
    const ratio = (summary[1]?.medianWaitMs ?? Number.NaN) / (summary[0]?.medianWaitMs ?? Number.NaN);
    const link = { rate: name, delayMs };
    if (values.json)
      process.stdout.write(`${JSON.stringify({ link, seconds, results, summary, medianRatio: ratio }, null, 2)}\n`);
    else
      process.stdout.write(
        `${toTable(results.map(toRow))}\n\n${toTable(summary)}\n\nThe wait is ${ratio.toFixed(1)} times shorter (medians).\n`,
      );
    return 0;
  } finally {
    await browser.close();
    await server.stop();
    await folder.remove();
  }
}

function toRow({ way, answer, waitMs, bytes, sentBytes, resentBytes }: Answer) {
  return {
    way,
    answer,
    'wait (s)': Number((waitMs / 1000).toFixed(2)),
    'answer (kB)': Math.round(bytes / 1000),
    'sent (kB)': Math.round(sentBytes / 1000),
    're-sent (kB)': Math.round(resentBytes / 1000),
  };
}
