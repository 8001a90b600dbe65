#!/usr/bin/env bash
# Surprise: a service worker that registers a Background Sync tag again from inside that tag's own `sync` event, so that the rest
# is not forgotten, gets the next event at once, whether the event that it is in succeeds or fails: dozens to hundreds a second,
# where a failed event alone is repeated after 5 minutes. Each of them begins a new count, so `lastChance` never comes while the
# worker goes on registering; when it stops, three tries follow as for a new tag. A page of the site is open throughout.
# Seen with Debian's chromium (see the output) driven by playwright-core 1.65.1, 2026-11-28. The first wait before a next try,
# 5 minutes, is made 2 s by a command line option, so that the count of tries is seen; the rest is as it is.
# What it means: a worker must not register in its event what it could not send, or a server that is down meets it hundreds of
# times a second. Let the event fail instead; the page registers anew.
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is missing'; exit 2; }
command -v chromium >/dev/null || apt-get install -y -qq chromium >/dev/null 2>&1 || { echo 'chromium is missing'; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install --silent --no-audit --no-fund playwright-core@1.65.1 >/dev/null || exit 2
cat > run.mjs <<'JS'
import http from 'node:http';
import { chromium } from 'playwright-core';

const AGAIN = 20;
const worker = `let again = 0;
let fails = true;
onactivate = (event) => event.waitUntil(clients.claim());
onmessage = ({ data }) => { ({ again, fails } = data); };
onsync = (event) => event.waitUntil((async () => {
  const registers = again-- > 0;
  if (registers) await registration.sync.register(event.tag);
  for (const client of await clients.matchAll()) client.postMessage({ registers, lastChance: event.lastChance });
  if (fails) throw new Error('not sent');
})());`;
const server = http.createServer(({ url }, response) => {
  const script = url === '/worker.js';
  response.writeHead(200, { 'Content-Type': script ? 'text/javascript' : 'text/html' }).end(script ? worker : '<p>a page</p>');
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://localhost:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--force-fieldtrials=BackgroundSync/Quick/',
    '--force-fieldtrial-params=BackgroundSync.Quick:initial_retry_delay_sec/2/retry_delay_factor/1/min_sync_recovery_time_sec/1',
  ],
});
const context = await browser.newContext();
await context.grantPermissions(['background-sync'], { origin: base });
const page = await context.newPage();
await page.goto(base);

/** The events of one tag in the first 12 s: how many came while the worker registered again, in what time, and the others. */
async function sync(tag, again, fails) {
  const events = await page.evaluate(
    async ([tag, again, fails]) => {
      const { serviceWorker } = navigator;
      const registration = await serviceWorker.register('/worker.js');
      if (!serviceWorker.controller) await new Promise((resolve) => serviceWorker.addEventListener('controllerchange', resolve));
      serviceWorker.controller.postMessage({ again, fails });
      const seen = [];
      serviceWorker.onmessage = ({ data }) => seen.push({ ...data, at: performance.now() });
      await registration.sync.register(tag);
      await new Promise((resolve) => setTimeout(resolve, 12_000));
      return seen;
    },
    [tag, again, fails],
  );
  const registering = events.filter(({ registers }) => registers);
  const others = events.filter(({ registers }) => !registers);
  const ms = registering.length > 1 ? Math.round(registering.at(-1).at - registering[0].at) : 0;
  return { registering: registering.length, ms, lasts: registering.filter(({ lastChance }) => lastChance).length, then: others.map(({ lastChance }) => lastChance).join(' ') };
}

console.log(`Chromium ${browser.version()}`);
const plain = await sync('plain', 0, true);
console.log(`fails, does not register:  lastChance of its events, 2 s apart: ${plain.then}`);
const failing = await sync('failing', AGAIN, true);
console.log(`fails, registers ${AGAIN} times: ${failing.registering} events in ${failing.ms} ms, lastChance in ${failing.lasts} of them; then without: ${failing.then}`);
const well = await sync('well', AGAIN, false);
console.log(`succeeds, registers ${AGAIN} times: ${well.registering} events in ${well.ms} ms; then without: ${well.then}`);
await browser.close();
server.close();
const asDescribed =
  plain.then === 'false false true' &&
  failing.registering === AGAIN && failing.ms < 2_000 && failing.lasts === 0 && failing.then === plain.then &&
  well.registering === AGAIN && well.ms < 2_000 && well.then === 'false';
console.log(asDescribed ? 'as described' : 'DIFFERENT from what is described');
process.exitCode = asDescribed ? 0 : 1;
JS
node run.mjs
