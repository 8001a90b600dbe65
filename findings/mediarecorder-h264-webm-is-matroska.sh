#!/usr/bin/env bash
# Surprise: Chromium's MediaRecorder says that it supports `video/webm;codecs=h264`, and records something that is no WebM. The
# file's EBML DocType is `matroska`, and `recorder.mimeType`, which was `video/webm;codecs=h264` before, changes to
# `video/x-matroska;…` at the first data. A server that labels the file by what was asked for, or a player that goes by the
# extension .webm, is wrong about it.
# Seen with Debian's chromium (see the output) driven by playwright-core 1.65.1, 2026-11-27.
# What it means: read `recorder.mimeType` after the recording began, and let the first bytes decide on the server.
set -euo pipefail
command -v npm >/dev/null || { echo 'npm is missing'; exit 2; }
command -v chromium >/dev/null || apt-get install -y -qq chromium >/dev/null 2>&1 || { echo 'chromium is missing'; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install --silent --no-audit --no-fund playwright-core@1.65.1 >/dev/null || exit 2
cat > run.mjs <<'JS'
import { chromium } from 'playwright-core';
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
});
const page = await browser.newPage();
await page.route('http://localhost/', (route) => route.fulfill({ contentType: 'text/html', body: '<p>' }));
await page.goto('http://localhost/');
const record = (mimeType) =>
  page.evaluate(async (mimeType) => {
    const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
    const recorder = new MediaRecorder(stream, { mimeType });
    const before = recorder.mimeType;
    const chunks = [];
    recorder.ondataavailable = ({ data }) => chunks.push(data);
    recorder.start(250);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const during = recorder.mimeType;
    await new Promise((resolve) => {
      recorder.onstop = resolve;
      recorder.stop();
    });
    for (const track of stream.getTracks()) track.stop();
    const head = new Uint8Array(await new Blob(chunks).arrayBuffer()).slice(0, 64);
    const docType = new TextDecoder('latin1').decode(head).match(/webm|matroska/)?.[0] ?? 'neither';
    return { supported: MediaRecorder.isTypeSupported(mimeType), before, during, docType };
  }, mimeType);
console.log(`Chromium ${browser.version()}`);
const vp8 = await record('video/webm;codecs=vp8,opus');
const h264 = await record('video/webm;codecs=h264');
console.log('vp8 ', JSON.stringify(vp8));
console.log('h264', JSON.stringify(h264));
await browser.close();
const asDescribed =
  vp8.docType === 'webm' && h264.supported && h264.docType === 'matroska' && h264.before.startsWith('video/webm') && h264.during.startsWith('video/x-matroska');
console.log(asDescribed ? 'as described' : 'DIFFERENT from what is described');
process.exitCode = asDescribed ? 0 : 1;
JS
node run.mjs
