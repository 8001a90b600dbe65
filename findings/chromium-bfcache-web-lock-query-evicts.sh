#!/usr/bin/env bash
# Surprise: Chromium keeps a page that holds a Web Lock in its back/forward cache, with the lock: the page that comes back
# (`pageshow` with `persisted`) still holds it, and did so while nobody could see the page. But a mere look from another tab,
# `navigator.locks.query()`, throws the cached page away: the reason is `weblocks-contention`, although that tab asked for no
# lock, and its look still counts the lock of the page that it has just thrown away.
# Seen with Debian's chromium (see the output) driven by playwright-core 1.65.1, 2026-11-27.
# What it means: "is another tab open?" asked with `locks.query()` counts a page that the user has left, and ends it; who only
# wants the lock loses nothing by asking for it, since the cached page makes way.
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is missing'; exit 2; }
command -v chromium >/dev/null || apt-get install -y -qq chromium >/dev/null 2>&1 || { echo 'chromium is missing'; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install --silent --no-audit --no-fund playwright-core@1.65.1 >/dev/null || exit 2
cat > run.mjs <<'JS'
import http from 'node:http';
import { chromium } from 'playwright-core';

const body = '<p>a page</p><script>addEventListener("pageshow", (event) => { window.persisted = event.persisted; });</script>';
const server = http.createServer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(body));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://localhost:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox'],
  // playwright switches the cache off.
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
});

/** A page takes a lock, is left and comes back; `look` is done in another tab while the page is away. */
async function leaveAndReturn(look) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const other = await context.newPage();
  await other.goto(`${base}/other`);
  await page.goto(`${base}/one`);
  await page.evaluate(
    () => new Promise((granted) => void navigator.locks.request('the-one', () => (granted(), new Promise(() => {})))),
  );
  const protocol = await context.newCDPSession(page);
  const { entries, currentIndex } = await protocol.send('Page.getNavigationHistory');
  await page.goto(`${base}/two`);
  const seen = look && (await other.evaluate(async () => (await navigator.locks.query()).held.length));
  await protocol.send('Page.navigateToHistoryEntry', { entryId: entries[currentIndex].id });
  await page.waitForFunction(() => location.pathname === '/one' && window.persisted !== undefined);
  const back = await page.evaluate(async () => ({
    persisted: window.persisted,
    why: performance.getEntriesByType('navigation')[0].notRestoredReasons?.reasons?.map(({ reason }) => reason) ?? [],
    held: (await navigator.locks.query()).held.length,
  }));
  await context.close();
  return { seen, ...back };
}

console.log(`Chromium ${browser.version()}`);
const quiet = await leaveAndReturn(false);
const looked = await leaveAndReturn(true);
console.log(`nobody looks:        back from the cache ${quiet.persisted}, locks held ${quiet.held}`);
console.log(`another tab looks:   it sees ${looked.seen} lock held; back from the cache ${looked.persisted} (${looked.why}), locks held ${looked.held}`);
await browser.close();
server.close();
const asDescribed =
  quiet.persisted && quiet.held === 1 && looked.seen === 1 && !looked.persisted && looked.why.includes('weblocks-contention') && looked.held === 0;
console.log(asDescribed ? 'as described' : 'DIFFERENT from what is described');
process.exitCode = asDescribed ? 0 : 1;
JS
node run.mjs
