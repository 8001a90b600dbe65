#!/usr/bin/env bash
# Surprise: Chromium's `navigator.storage.estimate()` tells nothing of the room that is left. Its `quota` is `usage` plus a fixed
# amount, the size of the disk rounded up to whole GiB and at most 10, so `quota - usage` does not shrink by a byte while the
# page fills the disk, and is still the same after a write has failed with QuotaExceededError. On a disk of 0.2 GB it promises
# 1.07 GB before, and the same after the failure.
# Seen with Debian's chromium (see the output) driven by playwright-core 1.65.1, 2026-11-28, on a tmpfs of 200 MiB (root mounts it).
# What it means: a recorder that looks whether an answer will fit must not take the estimate for it. Write a probe of that
# size beforehand, or expect any write to fail and free what the server has.
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is missing'; exit 2; }
command -v chromium >/dev/null || apt-get install -y -qq chromium >/dev/null 2>&1 || { echo 'chromium is missing'; exit 2; }
work=$(mktemp -d)
trap 'cd /; ! mountpoint -q "$work/disk" || umount -l "$work/disk"; rm -rf "$work"' EXIT
cd "$work"
mkdir disk
mount -t tmpfs -o size=200m tmpfs disk 2>/dev/null || { echo 'a small disk cannot be mounted here'; exit 2; }
npm init -y >/dev/null
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install --silent --no-audit --no-fund playwright-core@1.65.1 >/dev/null || exit 2
cat > run.mjs <<'JS'
import { statfsSync } from 'node:fs';
import http from 'node:http';
import { chromium } from 'playwright-core';

const MB = 1e6;
const server = http.createServer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>a page</p>'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const context = await chromium.launchPersistentContext('disk/profile', { executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await context.newPage();
await page.goto(`http://localhost:${server.address().port}/`);

/** What the estimate promises beside what is free on the disk. */
async function look(when) {
  const { quota, usage } = await page.evaluate(() => navigator.storage.estimate().then(({ quota, usage }) => ({ quota, usage })));
  const { bavail, bsize } = statfsSync('disk');
  const [left, free] = [quota - usage, bavail * bsize];
  const rounded = [quota, usage, left, free].map((bytes) => Math.round(bytes / MB));
  console.log(`${when}: quota ${rounded[0]} - usage ${rounded[1]} = ${rounded[2]} MB left; free on the disk ${rounded[3]} MB`);
  return { left, free };
}

console.log(`Chromium ${context.browser()?.version() ?? (await page.evaluate(() => navigator.userAgent))}`);
const before = await look('before');
const failure = await page.evaluate(async () => {
  const request = indexedDB.open('answers', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('slices');
  const database = await new Promise((resolve) => request.addEventListener('success', () => resolve(request.result)));
  const row = new Uint8Array(4_000_000);
  for (let at = 0; at < row.length; at += 50_000) crypto.getRandomValues(row.subarray(at, at + 50_000));
  for (let stored = 0; stored < 400_000_000; stored += row.length) {
    const transaction = database.transaction('slices', 'readwrite');
    transaction.objectStore('slices').put(row, stored);
    const error = await new Promise((resolve) => {
      transaction.oncomplete = () => resolve(null);
      transaction.onabort = () => resolve(transaction.error);
    });
    if (error) return { name: error.name, stored };
  }
  return { name: 'no error', stored: 400_000_000 };
});
console.log(`rows of 4 MB until one fails: ${failure.name} after ${failure.stored / MB} MB`);
const after = await look('after');
await context.close();
server.close();
const asDescribed =
  failure.name === 'QuotaExceededError' && failure.stored < 200 * MB &&
  before.free < 220 * MB && after.free < 220 * MB && [before, after].every(({ left }) => Math.abs(left - 2 ** 30) < MB);
console.log(asDescribed ? 'as described' : 'DIFFERENT from what is described');
process.exitCode = asDescribed ? 0 : 1;
JS
node run.mjs
