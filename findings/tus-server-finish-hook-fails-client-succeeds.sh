#!/usr/bin/env bash
# Surprise: with @tus/server, an `onUploadFinish` hook that fails once (its disk is full, its database is away) is never
# called again, and a standard client reports success all the same. The server answers the last PATCH with 500; the client
# retries with HEAD, sees that the offset equals the length, and calls `onSuccess`. Nothing ever calls the hook for that
# upload again: the file is neither moved nor recorded, and both sides believe that all is well.
# Seen with @tus/server 2.4.5, @tus/file-store 2.1.1 and tus-js-client 4.3.1 on Node 20.20, 2026-11-27.
# What it means: what must happen after an upload belongs into a state that is stored and resumed, and a client needs its
# own proof (for example a digest that the server tells only after that work is done); `onSuccess` proves the bytes alone.
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is missing'; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @tus/server@2.4.5 @tus/file-store@2.1.1 tus-js-client@4.3.1 >/dev/null || exit 2
cat > run.mjs <<'JS'
import http from 'node:http';
import { mkdtempSync, readFileSync } from 'node:fs';
import { Server } from '@tus/server';
import { FileStore } from '@tus/file-store';
import { Upload } from 'tus-js-client';

const versionOf = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const versions = ['@tus/server', '@tus/file-store', 'tus-js-client'].map((name) => `${name} ${versionOf(name)}`);
console.log(`${versions.join(', ')} on Node ${process.version}`);

let calls = 0;
const tus = new Server({
  path: '/files',
  datastore: new FileStore({ directory: mkdtempSync('./uploads-') }),
  async onUploadFinish() {
    calls += 1;
    if (calls === 1) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    return {};
  },
});
const statuses = [];
const server = http.createServer((request, response) => {
  response.on('finish', () => statuses.push(`${request.method} ${response.statusCode}`));
  void tus.handle(request, response);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const outcome = await new Promise((resolve) => {
  new Upload(Buffer.alloc(100_000), {
    endpoint: `http://127.0.0.1:${server.address().port}/files`,
    retryDelays: [10, 10, 10],
    onSuccess: () => resolve('onSuccess'),
    onError: (error) => resolve(`onError: ${error.message.slice(0, 80)}`),
  }).start();
});
await new Promise((resolve) => setTimeout(resolve, 200));
server.closeAllConnections();
server.close();
console.log(`requests: ${statuses.join(', ')}`);
console.log(`the client says ${outcome}; the hook was called ${calls} time(s) and failed`);
const asDescribed =
  outcome === 'onSuccess' && calls === 1 && statuses.join() === 'POST 201,PATCH 500,HEAD 200' &&
  versions.join() === '@tus/server 2.4.5,@tus/file-store 2.1.1,tus-js-client 4.3.1';
console.log(asDescribed ? 'as described' : 'DIFFERENT from what is described');
process.exitCode = asDescribed ? 0 : 1;
JS
node run.mjs
