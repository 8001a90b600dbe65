#!/usr/bin/env bash
# Surprise: tus-js-client resumes an upload whose URL it knows with HEAD. When that one HEAD is answered 502, as a proxy
# does while the server behind it restarts, and `endpoint` is set besides `uploadUrl`, the client neither retries the HEAD
# nor fails: it creates a new upload with POST and sends every byte again from zero. The old upload, which holds almost
# all of the file, stays behind. `onSuccess` is called as if nothing had happened.
# Seen with tus-js-client 4.3.1 on Node 20.20, 2026-11-27.
# What it means: a client that resumes over unreliable networks should give `uploadUrl` alone; then the same 502 is
# retried and the upload continues where it was.
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is missing'; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null && npm install --silent --no-audit --no-fund tus-js-client@4.3.1 >/dev/null || exit 2
cat > run.mjs <<'JS'
import http from 'node:http';
import { Upload } from 'tus-js-client';
import { readFileSync } from 'node:fs';

const version = JSON.parse(readFileSync('node_modules/tus-js-client/package.json', 'utf8')).version;
const SIZE = 1_000_000;
const HELD = 900_000;

/** A tus server that holds 900,000 of 1,000,000 bytes; a proxy in front answers the first HEAD with 502. */
async function run(withEndpoint) {
  const seen = [];
  let heads = 0;
  const offsets = { '/files/old': HELD, '/files/new': 0 };
  const server = http.createServer(async (request, response) => {
    let bytes = 0;
    for await (const chunk of request) bytes += chunk.length;
    seen.push(`${request.method} ${request.url}${bytes ? ` (${bytes} bytes)` : ''}`);
    response.setHeader('Tus-Resumable', '1.0.0');
    if (request.method === 'POST') return response.writeHead(201, { Location: '/files/new' }).end();
    if (request.method === 'HEAD' && heads++ === 0) return response.writeHead(502).end();
    if (request.method === 'HEAD')
      return response.writeHead(200, { 'Upload-Offset': offsets[request.url], 'Upload-Length': SIZE }).end();
    offsets[request.url] += bytes;
    response.writeHead(204, { 'Upload-Offset': offsets[request.url] }).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  const outcome = await new Promise((resolve) => {
    new Upload(Buffer.alloc(SIZE), {
      ...(withEndpoint && { endpoint: `${base}/files` }),
      uploadUrl: `${base}/files/old`,
      retryDelays: [10, 10, 10],
      onSuccess: () => resolve('onSuccess'),
      onError: (error) => resolve(`onError: ${error.message}`),
    }).start();
  });
  server.close();
  console.log(`${withEndpoint ? 'endpoint and uploadUrl' : 'uploadUrl alone'}: ${seen.join(', ')} -> ${outcome}`);
  return { seen: seen.join(','), outcome };
}

console.log(`tus-js-client ${version} on Node ${process.version}`);
const both = await run(true);
const alone = await run(false);
const asDescribed =
  version === '4.3.1' &&
  both.seen === 'HEAD /files/old,POST /files,PATCH /files/new (1000000 bytes)' &&
  both.outcome === 'onSuccess' &&
  alone.seen === 'HEAD /files/old,HEAD /files/old,PATCH /files/old (100000 bytes)' &&
  alone.outcome === 'onSuccess';
console.log(asDescribed ? 'as described: with `endpoint` all 1,000,000 bytes are sent again, without it 100,000' : 'DIFFERENT from what is described');
process.exitCode = asDescribed ? 0 : 1;
JS
node run.mjs
