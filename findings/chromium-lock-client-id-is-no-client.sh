#!/usr/bin/env bash
# Surprise: `navigator.locks.query()` names the holder of each Web Lock by a `clientId`, and in Chromium that id is no Client's.
# A service worker that looks it up with `clients.get()` gets nothing, and it equals no `id` of `clients.matchAll()`, for a page as
# for a worker. In Firefox the same ids fit each other, so code that was tried there finds nobody in Chromium, without an error.
# Seen with Debian's chromium and firefox-esr (see the output) driven by puppeteer-core 24.43.1, 2026-11-28.
# What it means: a service worker cannot tell by its lock which page is at work, or send that page a message. Put what has to be
# known into the lock's name, or let the page tell the worker.
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is missing'; exit 2; }
for browser in chromium firefox-esr; do
  command -v $browser >/dev/null || apt-get install -y -qq $browser >/dev/null 2>&1 || { echo "$browser is missing"; exit 2; }
done
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund puppeteer-core@24.43.1 >/dev/null || exit 2
cat > run.mjs <<'JS'
import http from 'node:http';
import puppeteer from 'puppeteer-core';

const worker = `onactivate = (event) => event.waitUntil(clients.claim());
onmessage = ({ source }) => void (async () => {
  const all = await clients.matchAll({ includeUncontrolled: true, type: 'all' });
  const { held } = await navigator.locks.query();
  source.postMessage({
    clients: all.filter(({ type }) => type !== 'serviceworker').map(({ id, url }) => [new URL(url).pathname, id]),
    held: await Promise.all(held.map(async ({ name, clientId }) => [name, clientId, (await clients.get(clientId)) !== undefined])),
  });
})();`;
const files = {
  '/service-worker.js': worker,
  '/worker.js': `navigator.locks.request("the worker's", () => (postMessage('held'), new Promise(() => {})));`,
};
const server = http.createServer(({ url }, response) => {
  response.writeHead(200, { 'Content-Type': files[url] ? 'text/javascript' : 'text/html' }).end(files[url] ?? '<p>a page</p>');
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

/** Whether each lock's holder is found among the clients of the service worker of this browser. */
async function fits(options) {
  const browser = await puppeteer.launch({ headless: true, ...options });
  console.log(await browser.version());
  const page = await browser.newPage();
  await page.goto(`http://localhost:${server.address().port}/page`);
  const { clients, held } = await page.evaluate(async () => {
    const { serviceWorker } = navigator;
    await serviceWorker.register('/service-worker.js');
    if (!serviceWorker.controller) await new Promise((resolve) => serviceWorker.addEventListener('controllerchange', resolve));
    await new Promise((granted) => void navigator.locks.request("the page's", () => (granted(), new Promise(() => {}))));
    const dedicated = new Worker('/worker.js');
    await new Promise((resolve) => dedicated.addEventListener('message', resolve));
    const answer = new Promise((resolve) => serviceWorker.addEventListener('message', ({ data }) => resolve(data)));
    serviceWorker.controller.postMessage('who?');
    return answer;
  });
  for (const [path, id] of clients) console.log(`  client ${path}: id ${id}`);
  for (const [name, id, found] of held) console.log(`  lock ${name}: clientId ${id}, clients.get() finds ${found ? 'a client' : 'nothing'}`);
  await browser.close();
  if (clients.length !== 2 || held.length !== 2) return 'too few were seen';
  return held.map(([, id, found]) => found && clients.some(([, client]) => client === id)).join(' ');
}

const chromium = await fits({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const firefox = await fits({ browser: 'firefox', executablePath: '/usr/bin/firefox-esr' });
server.close();
const asDescribed = chromium === 'false false' && firefox === 'true true';
console.log(asDescribed ? 'as described' : 'DIFFERENT from what is described');
process.exit(asDescribed ? 0 : 1);
JS
node run.mjs
