#!/usr/bin/env bash
# Surprise: while one of its two tracks brings nothing new, Chromium's MediaRecorder hands over no data at all, sound
# included. A page that records a microphone and a canvas which is not redrawn for some seconds (a camera that the system
# has muted does the same) gets empty or header-only slices, although the microphone works and the timeslice is 250 ms; the
# sound comes in one piece when a picture moves again, or at stop().
# Seen with Debian's chromium (see the output) driven by playwright-core 1.65.1, 2026-11-27.
# What it means: slices are no heartbeat. What was spoken meanwhile is in the browser's memory alone and lost with the page;
# who must not lose it watches the tracks, and redraws or replaces a picture that stands still.
set -euo pipefail
command -v npm >/dev/null || { echo "npm is missing"; exit 2; }
command -v chromium >/dev/null || apt-get install -y -qq chromium >/dev/null 2>&1 || { echo "chromium is missing"; exit 2; }
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
await page.route('http://localhost/', (route) => route.fulfill({ contentType: 'text/html', body: '<canvas width=320 height=240>' }));
await page.goto('http://localhost/');
/** Bytes handed over in each of 3 phases of 3 s: the canvas moves, stands still, moves again; both tracks are live throughout. */
const phases = await page.evaluate(async () => {
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const canvas = document.querySelector('canvas');
  const context = canvas.getContext('2d');
  let moving = true;
  let hue = 0;
  setInterval(() => {
    if (!moving) return;
    context.fillStyle = `hsl(${(hue += 7) % 360} 80% 50%)`;
    context.fillRect(0, 0, 320, 240);
  }, 40);
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const stream = new MediaStream([...canvas.captureStream(25).getTracks(), ...microphone.getTracks()]);
  const recorder = new MediaRecorder(stream, { mimeType: 'video/webm;codecs=vp8,opus' });
  let bytes = 0;
  recorder.ondataavailable = ({ data }) => {
    bytes += data.size;
  };
  recorder.start(250);
  const result = [];
  for (const moves of [true, false, true]) {
    moving = moves;
    // What was under way when the picture stopped is still handed over.
    await sleep(700);
    const before = bytes;
    await sleep(2300);
    result.push(bytes - before);
  }
  recorder.stop();
  return { bytes: result, live: stream.getTracks().every(({ readyState, muted }) => readyState === 'live' && !muted) };
});
console.log(`Chromium ${browser.version()}`);
console.log(`bytes in 2.3 s: picture moves ${phases.bytes[0]}, stands still ${phases.bytes[1]}, moves again ${phases.bytes[2]}; tracks live and not muted: ${phases.live}`);
await browser.close();
const [before, still, after] = phases.bytes;
const asDescribed = phases.live && before > 10_000 && after > 10_000 && still < before / 20;
console.log(asDescribed ? 'as described' : 'DIFFERENT from what is described');
process.exitCode = asDescribed ? 0 : 1;
JS
node run.mjs
