#!/usr/bin/env bash
# Surprise: with @tus/server, a mere HEAD for an upload that is being written ends the PATCH that is writing it. HEAD takes
# the upload's lock, and with the default MemoryLocker the holder is asked to let go: after `lockDrainTimeout` (3 s) the
# running PATCH is answered 204 in the middle of its body, with the offset reached so far; the rest of the body is not
# stored. The HEAD waits for all of that time before it tells the offset. So a second tab, a monitor or a progress bar that
# asks every few seconds how far an upload is keeps ending it.
# Seen with @tus/server 2.4.5 and @tus/file-store 2.1.1 on Node 20.20, 2026-11-27.
# What it means: progress must not be asked by HEAD on this server; one that has to be asked while bytes arrive needs a HEAD
# of its own that reads the committed offset without the lock.
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is missing'; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @tus/server@2.4.5 @tus/file-store@2.1.1 >/dev/null || exit 2
cat > run.mjs <<'JS'
import http from 'node:http';
import { mkdtempSync, readFileSync } from 'node:fs';
import { Server } from '@tus/server';
import { FileStore } from '@tus/file-store';

const versionOf = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const versions = ['@tus/server', '@tus/file-store'].map((name) => `${name} ${versionOf(name)}`);
console.log(`${versions.join(', ')} on Node ${process.version}`);
const tus = new Server({ path: '/files', datastore: new FileStore({ directory: mkdtempSync('./uploads-') }) });
const server = http.createServer((request, response) => void tus.handle(request, response));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://127.0.0.1:${server.address().port}`;
const headers = { 'Tus-Resumable': '1.0.0' };
const created = await fetch(`${base}/files`, { method: 'POST', headers: { ...headers, 'Upload-Length': '1000000' } });
const url = created.headers.get('location');

/** A PATCH that sends 1,000 bytes every 100 ms, as a slow phone does. */
const began = performance.now();
const patch = http.request(url, {
  method: 'PATCH',
  headers: { ...headers, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': '0', 'Content-Length': 1_000_000 },
});
const ended = new Promise((resolve) => {
  patch.on('response', ({ statusCode, headers }) => resolve(`${statusCode}, Upload-Offset ${headers['upload-offset']}`));
  patch.on('error', (error) => resolve(error.code));
});
const sending = setInterval(() => patch.write(Buffer.alloc(1_000)), 100);
await new Promise((resolve) => setTimeout(resolve, 1_000));
const asked = performance.now();
const head = await fetch(url, { method: 'HEAD', headers });
const waitedMs = performance.now() - asked;
const status = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 3_000, 'still running'))]);
clearInterval(sending);
console.log(`HEAD ${head.status} after ${(waitedMs / 1000).toFixed(1)} s, Upload-Offset ${head.headers.get('upload-offset')}`);
console.log(`the PATCH that was sending: ${status}, ${((performance.now() - began) / 1000).toFixed(1)} s after its begin`);
const asDescribed = head.status === 200 && waitedMs > 2_500 && waitedMs < 4_500 && status === `204, Upload-Offset ${head.headers.get('upload-offset')}`;
console.log(asDescribed ? 'as described: the HEAD waited about 3 s, and the live PATCH of 1,000,000 bytes was ended with what had come' : 'DIFFERENT from what is described');
process.exit(asDescribed ? 0 : 1);
JS
node run.mjs
