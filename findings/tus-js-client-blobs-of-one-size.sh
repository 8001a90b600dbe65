#!/usr/bin/env bash
# Surprise: in a browser, tus-js-client knows a file again by its name, type, size and time of change. What is recorded in the
# page is a Blob, which has no name and no such time: two recordings of one type and size are one file to it. After the first is
# uploaded, the second, handled as the documentation shows (`findPreviousUploads()`, `resumeFromPreviousUpload()`, `start()`),
# is "resumed": one HEAD, no PATCH, `onSuccess` with the URL of the first. None of its bytes is sent. A finished upload stays in
# the client's memory (`removeFingerprintOnSuccess` is false unless set), and sound in WAV has the same size for the same length.
# Seen with tus-js-client 4.3.1, @tus/server 2.4.5, @tus/file-store 2.1.1 on Node 20.20, Debian's chromium (see the output)
# driven by playwright-core 1.65.1, 2026-11-28.
# What it means: give a `fingerprint` of your own, an id that the recording got when it began, and remove it on success.
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is missing'; exit 2; }
command -v chromium >/dev/null || apt-get install -y -qq chromium >/dev/null 2>&1 || { echo 'chromium is missing'; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install --silent --no-audit --no-fund \
  playwright-core@1.65.1 @tus/server@2.4.5 @tus/file-store@2.1.1 tus-js-client@4.3.1 >/dev/null || exit 2
cat > run.mjs <<'JS'
import http from 'node:http';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { chromium } from 'playwright-core';

const versionOf = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const directory = mkdtempSync('./uploads-');
const tus = new Server({ path: '/files', datastore: new FileStore({ directory }) });
const client = readFileSync('node_modules/tus-js-client/dist/tus.min.js');
let requests = [];
const server = http.createServer((request, response) => {
  if (request.url === '/tus.js') return void response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(client);
  if (!request.url.startsWith('/files')) return void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<script src=/tus.js></script>');
  response.on('finish', () => requests.push(`${request.method} ${response.statusCode}`));
  void tus.handle(request, response);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage();
await page.goto(`http://localhost:${server.address().port}/`);
console.log(`tus-js-client ${versionOf('tus-js-client')} in Chromium ${browser.version()}, @tus/server ${versionOf('@tus/server')}`);

/** Makes 1 s of a tone as a WAV in the page and uploads it; resolves with its digest and what became of it. */
async function record(hz) {
  requests = [];
  const told = await page.evaluate(async (hz) => {
    const rate = 8_000;
    const wav = new DataView(new ArrayBuffer(44 + 2 * rate));
    const text = (at, value) => [...value].forEach((letter, i) => wav.setUint8(at + i, letter.charCodeAt(0)));
    text(0, 'RIFF');
    wav.setUint32(4, 36 + 2 * rate, true);
    text(8, 'WAVEfmt ');
    for (const [at, value] of [[16, 16], [24, rate], [28, 2 * rate], [40, 2 * rate]]) wav.setUint32(at, value, true);
    for (const [at, value] of [[20, 1], [22, 1], [32, 2], [34, 16]]) wav.setUint16(at, value, true);
    text(36, 'data');
    for (let i = 0; i < rate; i++) wav.setInt16(44 + 2 * i, 8_000 * Math.sin((2 * Math.PI * hz * i) / rate), true);
    const blob = new Blob([wav], { type: 'audio/wav' });
    const upload = await new Promise((resolve, reject) => {
      const upload = new tus.Upload(blob, { endpoint: '/files', onSuccess: () => resolve(upload), onError: reject });
      void upload.findPreviousUploads().then(([previous]) => {
        if (previous) upload.resumeFromPreviousUpload(previous);
        upload.start();
      });
    });
    return { bytes: [...new Uint8Array(await blob.arrayBuffer())], id: upload.url.split('/').at(-1) };
  }, hz);
  const same = Buffer.from(told.bytes).equals(readFileSync(join(directory, told.id)));
  console.log(`tone of ${hz} Hz, ${told.bytes.length} bytes: onSuccess after ${requests.join(', ')}; the file at its URL is ${same ? 'this recording' : 'ANOTHER recording'}`);
  return { ...told, same, requests };
}

const first = await record(440);
const second = await record(660);
const stored = readdirSync(directory).filter((name) => !name.endsWith('.json')).length;
console.log(`files on the server: ${stored}`);
await browser.close();
const asDescribed =
  first.same && first.requests.join() === 'POST 201,PATCH 204' && !second.same && second.id === first.id && second.requests.join() === 'HEAD 200' && stored === 1;
console.log(asDescribed ? 'as described: the second recording is nowhere' : 'DIFFERENT from what is described');
process.exit(asDescribed ? 0 : 1);
JS
node run.mjs
