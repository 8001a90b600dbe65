#!/usr/bin/env bash
# Surprise: an upload whose length is told at its end (tus-js-client with `uploadLengthDeferred`, as one streams what is being
# recorded) survives a cut connection in every PATCH but the last. That one carries the length and the last bytes; @tus/server
# stores the length before it reads the bytes. After the cut the client asks by HEAD, goes on at the right place and repeats
# `Upload-Length`; the server takes it for a second, forbidden statement of the length and answers 400, which the client never
# retries: `onError`, with nearly all bytes on the server and retries left. The response says that a header is required, which
# was sent.
# Seen with @tus/server 2.4.5, @tus/file-store 2.1.1 and tus-js-client 4.3.1 on Node 20.20, 2026-11-28.
# What it means: end a stream with an empty PATCH that carries the length, and let the server accept the same length again.
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is missing'; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @tus/server@2.4.5 @tus/file-store@2.1.1 tus-js-client@4.3.1 >/dev/null || exit 2
cat > run.mjs <<'JS'
import http from 'node:http';
import { mkdtempSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { Readable } from 'node:stream';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { Upload } from 'tus-js-client';

const versionOf = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
console.log(`${['@tus/server', '@tus/file-store', 'tus-js-client'].map((name) => `${name} ${versionOf(name)}`).join(', ')} on Node ${process.version}`);
const CHUNK = 100_000;
const SIZE = 250_000;
const tus = new Server({ path: '/files', datastore: new FileStore({ directory: mkdtempSync('./uploads-') }), relativeLocation: true });
let requests = [];
const server = http.createServer((request, response) => {
  const { 'upload-offset': offset = '', 'upload-length': length } = request.headers;
  response.on('finish', () => requests.push(`${request.method} ${offset}${length ? ` with the length ${length}` : ''}: ${response.statusCode}`));
  void tus.handle(request, response);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

/** A line that breaks once: at the piece with the byte number `breaksAt`, of which all but the last 5,000 bytes still go through. */
let breaksAt = Infinity;
const line = net.createServer((client) => {
  const upstream = net.connect(server.address().port, '127.0.0.1');
  client.on('data', (piece) => {
    breaksAt -= piece.length;
    if (breaksAt >= 0) return void upstream.write(piece);
    breaksAt = Infinity;
    requests.push('the line breaks');
    upstream.write(piece.subarray(0, Math.max(0, piece.length - 5_000)));
    setTimeout(() => (client.destroy(), upstream.destroy()), 300);
  });
  upstream.on('data', (piece) => client.write(piece));
  for (const [one, other] of [[client, upstream], [upstream, client]]) one.on('error', () => {}).on('close', () => other.destroy());
});
await new Promise((resolve) => line.listen(0, '127.0.0.1', resolve));

async function upload(what, cutAt, deferred) {
  requests = [];
  breaksAt = cutAt;
  const bytes = Buffer.alloc(SIZE, 7);
  const pieces = [0, CHUNK, 2 * CHUNK].map((at) => bytes.subarray(at, at + CHUNK));
  const outcome = await new Promise((resolve) => {
    const options = { chunkSize: CHUNK, uploadLengthDeferred: deferred, retryDelays: [200, 400, 800] };
    new Upload(deferred ? Readable.from(pieces) : bytes, {
      ...options,
      endpoint: `http://127.0.0.1:${line.address().port}/files`,
      onSuccess: () => resolve('success'),
      onError: (error) => resolve(`error ${error.originalResponse?.getStatus()}, "${error.originalResponse?.getBody().trim()}"`),
    }).start();
  });
  console.log(`${what}: ${outcome}\n  ${requests.join('\n  ')}`);
  return outcome;
}

const whole = await upload('deferred length, no cut', Infinity, true);
const middle = await upload('deferred length, cut in the second PATCH', 1.5 * CHUNK, true);
const known = await upload('known length, cut in the last PATCH', SIZE - 10_000, false);
const last = await upload('deferred length, cut in the last PATCH', SIZE - 10_000, true);
const asDescribed = [whole, middle, known].every((outcome) => outcome === 'success') && last.startsWith('error 400');
console.log(asDescribed ? 'as described' : 'DIFFERENT from what is described');
process.exit(asDescribed ? 0 : 1);
JS
node run.mjs
