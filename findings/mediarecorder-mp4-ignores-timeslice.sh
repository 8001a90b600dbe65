#!/usr/bin/env bash
# Surprise: Chromium's MediaRecorder started with a timeslice of 500 ms hands over WebM twice a second and MP4 only every few
# seconds: an MP4 fragment ends at a key frame, and the encoder makes one rarely. With `videoKeyFrameIntervalDuration: 1000`
# in the options, which says nothing of slices, data comes about every second.
# Seen with Debian's chromium (see the output) driven by playwright-core 1.65.1, 2026-11-27.
# What it means: who streams a recording while it is made, or relies on slices to lose little in a crash, must set the key frame
# interval where the recorder makes MP4, or prefer WebM.
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
const SECONDS = 8;
/** Times, in s after the start, of slices that are not empty, for a recording of 8 s with a timeslice of 500 ms. */
const record = (options) =>
  page.evaluate(
    async ([options, seconds]) => {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 }, audio: true });
      const recorder = new MediaRecorder(stream, options);
      const at = [];
      const began = performance.now();
      recorder.ondataavailable = ({ data }) => {
        if (data.size > 0 && recorder.state === 'recording') at.push(Math.round((performance.now() - began) / 100) / 10);
      };
      recorder.start(500);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      recorder.stop();
      for (const track of stream.getTracks()) track.stop();
      return at;
    },
    [options, SECONDS],
  );
console.log(`Chromium ${browser.version()}, timeslice 500 ms, ${SECONDS} s`);
const mp4 = 'video/mp4;codecs=avc1.42E01E,opus';
const supported = await page.evaluate((type) => MediaRecorder.isTypeSupported(type), mp4);
if (!supported) {
  console.log('this Chromium records no MP4');
  await browser.close();
  process.exit(2);
}
const webm = await record({ mimeType: 'video/webm;codecs=vp8,opus' });
const plain = await record({ mimeType: mp4 });
const keyed = await record({ mimeType: mp4, videoKeyFrameIntervalDuration: 1000 });
console.log(`WebM: ${webm.length} slices, at ${webm.join(' ')}`);
console.log(`MP4: ${plain.length} slices, at ${plain.join(' ')}`);
console.log(`MP4 with videoKeyFrameIntervalDuration 1000: ${keyed.length} slices, at ${keyed.join(' ')}`);
await browser.close();
const asDescribed = webm.length >= 12 && plain.length <= 4 && keyed.length >= 6;
console.log(asDescribed ? 'as described' : 'DIFFERENT from what is described');
process.exitCode = asDescribed ? 0 : 1;
JS
node run.mjs
