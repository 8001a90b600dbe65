#!/usr/bin/env bash
# Surprise: a Blob that was read from IndexedDB stays readable in Firefox after its row was deleted or replaced, seconds later too,
# until the database is closed: from then on every reading of it fails with AbortError, also when the database is opened again.
# Closing alone does no harm to the Blob of a row that is still there. In Chromium all of them stay readable. So "take it out of
# the queue, delete it, close, upload it" sends in one browser and loses the bytes in the other, and a test with a database that
# stays open sees nothing.
# Seen with Debian's firefox-esr and chromium (see the output) driven by puppeteer-core 24.43.1, 2026-11-28.
# What it means: delete a row only after its Blob was sent, or take the bytes (`arrayBuffer()`) while the row is there.
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

const server = http.createServer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>a page</p>'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

/** What is read of the Blobs of three rows (kept, deleted, replaced) after each step. */
async function steps(options) {
  const browser = await puppeteer.launch({ headless: true, ...options });
  console.log(await browser.version());
  const page = await browser.newPage();
  await page.goto(`http://localhost:${server.address().port}/`);
  const seen = await page.evaluate(async () => {
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const done = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const open = () => {
      const request = indexedDB.open('queue', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('answers');
      return done(request);
    };
    const write = (database, change) => new Promise((resolve, reject) => {
      const transaction = database.transaction('answers', 'readwrite');
      change(transaction.objectStore('answers'));
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    const names = ['kept', 'deleted', 'replaced'];
    let database = await open();
    await write(database, (store) => names.forEach((name) => store.put(new Blob([new Uint8Array(500_000)]), name)));
    const blobs = [];
    for (const name of names) blobs.push(await done(database.transaction('answers').objectStore('answers').get(name)));
    const read = () => Promise.all(blobs.map((blob) => blob.arrayBuffer().then(({ byteLength }) => String(byteLength), ({ name }) => name)));
    await write(database, (store) => (store.delete('deleted'), store.put(new Blob(['another']), 'replaced')));
    await sleep(2_000);
    const changed = await read();
    database.close();
    await sleep(3_000);
    const closed = await read();
    database = await open();
    const opened = await read();
    database.close();
    return { 'rows deleted and replaced, 2 s later': changed, 'database closed': closed, 'opened again': opened };
  });
  await browser.close();
  for (const [step, results] of Object.entries(seen)) console.log(`  ${step}: kept ${results[0]}, deleted ${results[1]}, replaced ${results[2]}`);
  return Object.values(seen).map((results) => results.join(' ')).join('; ');
}

const firefox = await steps({ browser: 'firefox', executablePath: '/usr/bin/firefox-esr' });
const chromium = await steps({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
server.close();
const all = '500000 500000 500000';
const one = '500000 AbortError AbortError';
const asDescribed = chromium === `${all}; ${all}; ${all}` && firefox === `${all}; ${one}; ${one}`;
console.log(asDescribed ? 'as described' : 'DIFFERENT from what is described');
process.exit(asDescribed ? 0 : 1);
JS
node run.mjs
