#!/usr/bin/env bash
# Surprise: with @tus/file-store, `expirationPeriodInMilliseconds` and `cleanUpExpiredUploads()`, meant for uploads that nobody
# finishes, also delete those that are finished. The clean-up compares the length with the offset in the upload's JSON file,
# and that stays at 0 for ever: the true one is the size of the file, and only HEAD looks at that. The answer to the last PATCH
# has no `Upload-Expires`, as if nothing could expire any more; yet HEAD says 410 for the finished upload once the time, which
# counts from its creation, is over, and the next clean-up removes its file.
# Seen with @tus/server 2.4.5 and @tus/file-store 2.1.1 on Node 20.20, 2026-11-28.
# What it means: move a finished file out of the store's folder before its time is over, or clean up with code of your own.
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is missing'; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @tus/server@2.4.5 @tus/file-store@2.1.1 >/dev/null || exit 2
cat > run.mjs <<'JS'
import http from 'node:http';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server } from '@tus/server';
import { FileStore } from '@tus/file-store';

const versionOf = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
console.log(`${['@tus/server', '@tus/file-store'].map((name) => `${name} ${versionOf(name)}`).join(', ')} on Node ${process.version}`);
const EXPIRY_MS = 3_000;
const directory = mkdtempSync('./uploads-');
const tus = new Server({ path: '/files', datastore: new FileStore({ directory, expirationPeriodInMilliseconds: EXPIRY_MS }) });
const server = http.createServer((request, response) => void tus.handle(request, response));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const headers = { 'Tus-Resumable': '1.0.0' };
const body = 'a whole answer';
const base = `http://127.0.0.1:${server.address().port}/files`;
const created = await fetch(base, { method: 'POST', headers: { ...headers, 'Upload-Length': String(body.length) } });
const url = created.headers.get('location');
const file = join(directory, url.split('/').at(-1));
const patched = await fetch(url, {
  method: 'PATCH',
  headers: { ...headers, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': '0' },
  body,
});
const head = () => fetch(url, { method: 'HEAD', headers });
const finished = await head();
const expires = [created, patched].map(({ headers }) => (headers.has('upload-expires') ? 'yes' : 'no'));
console.log(`POST ${created.status}, Upload-Expires ${expires[0]}; the one PATCH ${patched.status}, Upload-Expires ${expires[1]}`);
console.log(`HEAD ${finished.status}, offset ${finished.headers.get('upload-offset')} of ${finished.headers.get('upload-length')}; in the JSON file: offset ${JSON.parse(readFileSync(`${file}.json`, 'utf8')).offset}`);
const early = await tus.cleanUpExpiredUploads();
await new Promise((resolve) => setTimeout(resolve, EXPIRY_MS + 500));
const later = await head();
const removed = await tus.cleanUpExpiredUploads();
console.log(`after ${EXPIRY_MS / 1000} s: HEAD ${later.status}; the clean-up removed ${removed} upload, its file is ${existsSync(file) ? 'there' : 'gone'}`);
const asDescribed =
  patched.status === 204 && expires.join() === 'yes,no' && finished.status === 200 && early === 0 && later.status === 410 && removed === 1 && !existsSync(file);
console.log(asDescribed ? 'as described: a finished upload was deleted' : 'DIFFERENT from what is described');
process.exit(asDescribed ? 0 : 1);
JS
node run.mjs
