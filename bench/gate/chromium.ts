/** Our page in real Chromium over one trace, one gate after another. */
import { type Browser, chromium, type Page } from '@playwright/test';
import { chromiumArgs, chromiumPath } from '../../test/support/browser/browser.ts';
import { fakeMedia } from '../../test/support/media/media.ts';
import type { LinkRate } from '../../test/support/network/link-rate.ts';
import { type Network, openNetwork } from '../../test/support/network/network.ts';
import { startSession } from '../../test/support/server/server.ts';
import { backlogMs, type GateFigures, type MultipartFigures } from './gate-figures.ts';
import { idealAnswer } from './ideal.ts';
import { RETRY_WAITS_MS } from './multipart.ts';
import { lastTake, lastTakeBytes, postInPage, type TakenOut, tapRecorder } from './page-tap.ts';
import { type Candidate, GATE_LIMIT_MS, QUESTIONS } from './phone.ts';
import { offsetsOf } from './phones.ts';
import { makeCamera } from './slices.ts';

/** The answers to give and their link. Times in ms. */
interface ChromiumOptions {
  /** The server's port on this machine. */
  port: number;
  rate: LinkRate;
  delayMs: number;
  gates: number;
  /** Lengths of the answers in seconds; each session has an answer of each length. */
  seconds: readonly number[];
  nextCandidate: () => Candidate;
  random: () => number;
  tell: (text: string) => void;
}

/** Runs a session for each round of lengths, so that sessions begin at many points of the trace. */
export async function runChromium(options: ChromiumOptions): Promise<GateFigures[]> {
  const { gates, rate, random, tell, port, delayMs } = options;
  const lengths = options.seconds.slice(0, QUESTIONS);
  const found: GateFigures[] = [];
  const posting: Promise<void>[] = [];
  const media = { ...(await fakeMedia()), camera: await makeCamera() };
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: chromiumArgs(media) });
  try {
    for (const startMs of offsetsOf(rate, Math.ceil(gates / lengths.length), random)) {
      const link = await openNetwork({ to: { host: '127.0.0.1', port }, rate, delayMs, startMs });
      const asked = lengths.slice(0, gates - found.length);
      const page = await openPage(browser, link, options.nextCandidate());
      for (const [at, seconds] of asked.entries()) {
        const { figures, take, lastSliceMs } = await giveAnswer({
          page,
          link,
          startMs,
          seconds,
          question: at + 1,
          options,
        });
        const place = found.push(figures) - 1;
        tell(`  ${found.length} of ${gates} gates in Chromium …`);
        const base64 = await page.evaluate(lastTakeBytes);
        const post = { browser, options, base64, take, lastSliceMs, startMs: lastSliceTraceMs(figures, lastSliceMs) };
        posting.push(
          postAnswer(post).then((multipart) => {
            found[place] = { ...figures, multipart };
          }),
        );
      }
      await page.context().close();
      await link.close();
    }
    await Promise.all(posting);
    return found;
  } finally {
    await browser.close();
  }
}

const lastSliceTraceMs = ({ traceMs }: GateFigures, lastSliceMs: number): number => traceMs + lastSliceMs;

/** Opens a page and brings it from the link to the first question. */
async function openPage(browser: Browser, link: Network, { token, name }: Candidate): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(GATE_LIMIT_MS);
  await page.addInitScript(tapRecorder);
  await page.goto(`${link.url}/#t=${token}`);
  await page.getByRole('textbox', { name: 'Full name' }).fill(name);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'Start interview' }).click();
  return page;
}

interface PageAnswer {
  page: Page;
  link: Network;
  startMs: number;
  seconds: number;
  question: number;
  options: ChromiumOptions;
}

async function giveAnswer({ page, link, startMs, seconds, question, options }: PageAnswer) {
  await page.getByRole('heading', { name: `Question ${question} of ${QUESTIONS}` }).waitFor();
  await page.getByRole('status').getByText('Recording', { exact: true }).waitFor();
  const sentBefore = link.stats.bytesUp;
  await page.waitForTimeout(seconds * 1000);
  await page.getByRole('button', { name: question === QUESTIONS ? 'Finish interview' : 'Next question' }).click();
  const gate = await page
    .waitForFunction((index) => window.tresgo.status().gate.find((each) => each.question === index), question, {
      timeout: GATE_LIMIT_MS,
      // Not at each frame: the measured figure is the page's own.
      polling: 100,
    })
    .then((handle) => handle.jsonValue())
    .catch(() => null);
  const take = await page.evaluate(lastTake);
  // The page's clock against ours, exact to a millisecond or two.
  const clockMs = performance.now() - (await page.evaluate(() => performance.now()));
  const traceBeganMs = (link.stats.beganMs ?? 0) - clockMs;
  const portions = take.slices.map(({ atMs, bytes }) => ({ atMs: atMs - traceBeganMs, bytes }));
  const stopMs = take.stopMs - traceBeganMs;
  const { rate, delayMs } = options;
  const ideal = idealAnswer({ rate, startMs, delayMs, portions, stopMs });
  const bytes = take.slices.reduce((sum, slice) => sum + slice.bytes, 0);
  const before = take.slices.filter(({ atMs }) => atMs <= take.stopMs);
  const figures: GateFigures = {
    where: 'chromium',
    phone: 0,
    seconds,
    traceMs: Math.round(startMs + stopMs),
    bytes,
    kbit: (bytes * 8) / (take.stopMs - take.startedMs),
    waitMs: gate?.waitMs ?? null,
    shut: gate ? null : 'not within the limit',
    idealMs: Math.round(ideal.waitMs),
    resentBytes: gate?.resentBytes ?? 0,
    sentBytes: link.stats.bytesUp - sentBefore,
    backlogMs: Math.round(backlogMs(before, take.ackedBytes, take.startedMs)),
    maxBacklogMs: Math.round(backlogMs(before, take.ackedBytes, take.startedMs)),
    idealBacklogBytes: ideal.backlogBytes,
    multipart: null,
    steps: null,
  };
  return { figures, take, lastSliceMs: (take.slices.at(-1)?.atMs ?? take.stopMs) - take.stopMs };
}

interface PagePostOptions {
  browser: Browser;
  options: ChromiumOptions;
  base64: string;
  take: TakenOut;
  lastSliceMs: number;
  startMs: number;
}

/** One multipart POST from a page of its own, over a link that begins at the trace position at which the recorder ended. */
async function postAnswer({
  browser,
  options,
  base64,
  take,
  lastSliceMs,
  startMs,
}: PagePostOptions): Promise<MultipartFigures> {
  const { port, rate, delayMs } = options;
  const { token, name } = options.nextCandidate();
  const folder = await startSession(`http://127.0.0.1:${port}`, token, name);
  const link = await openNetwork({ to: { host: '127.0.0.1', port }, rate, delayMs, startMs });
  const page = await (await browser.newContext()).newPage();
  try {
    // No byte may pass the link before the POST: the first byte starts the trace.
    await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<title>bench</title>' }));
    await page.goto(link.url);
    await page.unrouteAll();
    const waits = { waitsMs: RETRY_WAITS_MS, limitMs: GATE_LIMIT_MS };
    const post = { token, folder, question: 1, base64, mimeType: take.mimeType, ...waits };
    const { tookMs, tries } = await page.evaluate(postInPage, post);
    const waitMs = tookMs === null ? null : Math.round(tookMs + lastSliceMs);
    return { waitMs, tries, sentBytes: link.stats.bytesUp };
  } finally {
    await page.context().close();
    await link.close();
  }
}
