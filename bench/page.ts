/**
 * What the first visit of a phone costs, over slow networks and on a slow processor (emulated by Chromium): bytes on the
 * wire, the first paint, until the page can be used, and tasks of over 50 ms. Beside it Uppy's page that records by webcam.
 * Usage: npm run bench:page [-- --rounds N]
 */
import { parseArgs } from 'node:util';
import { type Browser, type BrowserContextOptions, chromium, type Page } from '@playwright/test';
import { toTable } from '../server/cli/table.ts';
import { chromiumArgs, chromiumPath } from '../test/support/browser/browser.ts';
import { fakeMedia } from '../test/support/media/media.ts';
import { createToken } from '../test/support/server/candidate.ts';
import { spawnServer, temporaryFolder } from '../test/support/server/server.ts';
import { openUppyPage } from './page/peer.ts';

/** A network and a processor: kbit/s in both directions, ms of a round trip, and by what factor the processor is slower. */
interface Profile {
  name: string;
  kbps: number;
  delayMs: number;
  cpu: number;
}

const profiles: Profile[] = [
  { name: 'loopback', kbps: 0, delayMs: 0, cpu: 1 },
  { name: '1600 kbit/s, 150 ms, CPU 4x', kbps: 1600, delayMs: 150, cpu: 4 },
  { name: '400 kbit/s, 400 ms, CPU 4x', kbps: 400, delayMs: 400, cpu: 4 },
];
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } as const;
const NAME = 'Bench Candidate';
/** How long after a page is usable the network must be silent to count every request of the first load, in ms. */
const SETTLED_MS = 3000;

interface Figures {
  bytes: number;
  requests: number;
  fcpMs: number;
  usableMs: number;
  longMs: number;
}

/** Runs the bench and prints its report. Returns the exit status: 0 for any measurement. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '3' } } });
  const rounds = Math.max(1, Number(values.rounds));
  const folder = await temporaryFolder();
  const server = await spawnServer({ dataDir: folder.path });
  const uppy = await openUppyPage();
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: chromiumArgs(await fakeMedia()) });
  const rows: Array<Record<string, string | number>> = [];
  try {
    const { secret } = await createToken(folder.path, NAME);
    const storageState = await loggedIn(browser, `${server.url}/#t=${secret}`);
    const pages = [
      { page: 'log-in', url: server.url, usable: '#languages button', says: '' },
      {
        page: 'interview',
        url: `${server.url}/interview`,
        usable: 'button',
        says: 'Start interview',
        context: { storageState },
      },
      { page: 'Uppy’s webcam', url: uppy.url, usable: '.uppy-Webcam-footer button', says: '' },
    ];
    for (const profile of profiles) {
      for (const { page: name, context = {}, ...asked } of pages) {
        const runs: Figures[] = [];
        for (let round = 0; round < rounds; round++) runs.push(await visit(browser, { ...asked, context, profile }));
        const middle = (of: (run: Figures) => number) => runs.map(of).sort((a, b) => a - b)[rounds >> 1] ?? 0;
        rows.push({
          network: profile.name,
          page: name,
          kB: Number((middle(({ bytes }) => bytes) / 1000).toFixed(1)),
          requests: middle(({ requests }) => requests),
          'first paint, s': seconds(middle(({ fcpMs }) => fcpMs)),
          'usable, s': seconds(middle(({ usableMs }) => usableMs)),
          'long tasks, ms': Math.round(middle(({ longMs }) => longMs)),
        });
      }
    }
  } finally {
    await browser.close();
    await uppy.close();
    await server.stop();
    await folder.remove();
  }
  process.stdout.write(`${toTable(rows)}\n`);
  return 0;
}

const seconds = (ms: number) => Number((ms / 1000).toFixed(2));

/** What a browser holds behind the log-in; a visit with it begins at the interview page, with an empty cache. */
async function loggedIn(browser: Browser, link: string): Promise<NonNullable<BrowserContextOptions['storageState']>> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(link);
  await page.getByRole('textbox', { name: 'Full name' }).fill(NAME);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL('**/interview');
  const state = await context.storageState();
  await context.close();
  return state;
}

/** For `page.addInitScript`: notes the moment in which an element with this text is shown, as a mark of the page's clock. */
function markUsable([selector, says]: [string, string]): void {
  const observer = new MutationObserver(() => {
    const found = [...document.querySelectorAll(selector)].find((element) => element.textContent?.includes(says));
    if (!found?.checkVisibility()) return;
    observer.disconnect();
    performance.mark('usable');
  });
  observer.observe(document, { subtree: true, childList: true, attributes: true });
  let longMs = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longMs += duration;
    document.documentElement.dataset.long = String(longMs);
  }).observe({ type: 'longtask', buffered: true });
}

/** One first visit, without a service worker: its install would count, and comes when the page is usable already. */
async function visit(
  browser: Browser,
  asked: { url: string; usable: string; says: string; context: BrowserContextOptions; profile: Profile },
): Promise<Figures> {
  const { url, usable, says, context, profile } = asked;
  const opened = await browser.newContext({ ...PHONE, ...context, serviceWorkers: 'block' });
  try {
    const page: Page = await opened.newPage();
    const { kbps, delayMs, cpu } = profile;
    const cdp = await opened.newCDPSession(page);
    const seen = { bytes: 0, requests: 0 };
    cdp.on('Network.loadingFinished', ({ encodedDataLength }) => {
      seen.bytes += encodedDataLength;
      seen.requests += 1;
    });
    await cdp.send('Network.enable');
    const throughput = kbps > 0 ? (kbps * 1000) / 8 : -1;
    await cdp.send('Network.emulateNetworkConditions', {
      ...{ offline: false, latency: delayMs, downloadThroughput: throughput, uploadThroughput: throughput },
    });
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: cpu });
    await page.addInitScript(markUsable, [usable, says] as [string, string]);
    await page.goto(url);
    await page.waitForFunction(() => performance.getEntriesByName('usable').length > 0, null, { polling: 500 });
    // The requests of the upload of a measurement (the page asks how fast the uplink is) are none of the page's load.
    await page.waitForTimeout(SETTLED_MS);
    const times = await page.evaluate(() => ({
      fcpMs: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
      usableMs: performance.getEntriesByName('usable')[0]?.startTime ?? 0,
      longMs: Number(document.documentElement.dataset.long ?? 0),
    }));
    return { ...seen, ...times };
  } finally {
    await opened.close();
  }
}
