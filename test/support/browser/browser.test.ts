import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeMedia, probe } from '../media/media.ts';
import { chromiumArgs, chromiumPath, mediaRecorderTap } from './browser.ts';

declare global {
  interface Window {
    recorder: MediaRecorder;
    got: Blob[];
  }
}

describe('Chromium with the tap', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tresgo-tap-'));
  let server: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<p>page</p>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await chromium.launch({ executablePath: chromiumPath(), args: chromiumArgs(await fakeMedia()) });
    page = await browser.newPage();
    await page.addInitScript(mediaRecorderTap);
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server.close();
    rmSync(dir, { recursive: true });
  });

  /** Starts a recording as a page does; one handler of each sort must see every blob. */
  const start = () =>
    page.evaluate(async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
      const recorder = new MediaRecorder(stream, { mimeType: 'video/webm;codecs=vp8,opus' });
      window.recorder = recorder;
      window.got = [];
      recorder.addEventListener('dataavailable', ({ data }) => window.got.push(data));
      let byProperty = 0;
      recorder.ondataavailable = () => {
        byProperty++;
      };
      recorder.addEventListener('stop', () => {
        if (byProperty !== window.got.length) throw new Error('the two handlers saw different blobs');
      });
      recorder.start(250);
    });
  const stop = () =>
    page.evaluate(async () => {
      const stopped = new Promise((resolve) => window.recorder.addEventListener('stop', resolve));
      window.recorder.stop();
      await stopped;
      const blob = new Blob(window.got);
      return new Promise<string>((resolve) => {
        const reader = new FileReader();
        reader.onload = () => resolve(String(reader.result).replace(/^.*base64,/, ''));
        reader.readAsDataURL(blob);
      });
    });
  const blobCount = () => page.evaluate(() => window.got.length);

  it('digests what the page got, and it is a whole recording of the fake camera and voice', async () => {
    expect(await page.evaluate(() => MediaRecorder.isTypeSupported('video/webm;codecs=vp8,opus'))).toBe(true);
    await start();
    await page.waitForTimeout(2500);
    const recorded = Buffer.from(await stop(), 'base64');
    const [digest, ...others] = await page.evaluate(() => window.__tapDigests());
    expect(others).toEqual([]);
    const sha256 = createHash('sha256').update(recorded).digest('hex');
    expect(digest).toMatchObject({ sha256, bytes: recorded.length, mimeType: expect.stringContaining('video/webm') });
    expect(await page.evaluate(() => window.recorder instanceof MediaRecorder)).toBe(true);

    const file = join(dir, 'recorded.webm');
    await writeFile(file, recorded);
    const seen = await probe(file);
    expect(seen).toMatchObject({ hasVideo: true, hasAudio: true, decodeErrors: [] });
    expect(seen.videoFrames).toBeGreaterThan(3);
    // 0.5 s apart at most on a machine with time to spare; this test also has to pass on a busy one.
    expect(Math.abs(seen.durationSeconds - (digest?.recordedMs ?? 0) / 1000)).toBeLessThan(1.5);
  }, 60_000);

  it('outlives a reload, counts pauses out and gives prefixes', async () => {
    await start();
    await page.waitForTimeout(500);
    await page.evaluate(() => window.recorder.pause());
    await page.waitForTimeout(1000);
    await page.evaluate(() => window.recorder.resume());
    await page.waitForTimeout(300);
    const before = await page.evaluate(() => window.__tapDigests());
    expect(before).toHaveLength(2);
    const { live, wall } = await page.evaluate(() => {
      const { recordedMs = 0, startedAt = 0 } = window.__tap.at(-1) ?? {};
      return { live: recordedMs, wall: Date.now() - startedAt };
    });
    expect(live).toBeGreaterThan(750);
    expect(live).toBeLessThan(wall - 900);
    const blobs = await blobCount();
    await page.reload();

    expect(await page.evaluate(() => window.__tap.length)).toBe(0);
    const after = await page.evaluate(() => window.__tapDigests({ prefixes: true }));
    expect(after).toHaveLength(2);
    expect(after[0]).toMatchObject({ sha256: before[0]?.sha256, bytes: before[0]?.bytes });
    expect(after[1]?.blobs).toBeGreaterThanOrEqual(Math.min(blobs, before[1]?.blobs ?? 0));
    expect(after[1]?.prefixes).toHaveLength(after[1]?.blobs ?? -1);
    const same = after[1]?.prefixes?.find(({ bytes }) => bytes === before[1]?.bytes);
    expect(same?.sha256).toBe(before[1]?.sha256);
    expect(after[1]?.prefixes?.at(-1)?.sha256).toBe(after[1]?.sha256);

    await start();
    await page.waitForTimeout(600);
    const third = Buffer.from(await stop(), 'base64');
    const all = await page.evaluate(() => window.__tapDigests());
    expect(all).toHaveLength(3);
    expect(all[2]?.sha256).toBe(createHash('sha256').update(third).digest('hex'));
  }, 60_000);

  it('keeps two recordings of one recorder apart', async () => {
    const ends = await page.evaluate(async () => {
      const recorder = new MediaRecorder(await navigator.mediaDevices.getUserMedia({ video: true, audio: true }));
      for (let round = 0; round < 2; round++) {
        recorder.start();
        await new Promise((resolve) => setTimeout(resolve, 1000));
        const stopped = new Promise((resolve) => recorder.addEventListener('stop', resolve, { once: true }));
        recorder.stop();
        await stopped;
      }
      return window.__tap
        .slice(-2)
        .map(({ blobs, recordedMs, startedAt, stoppedAt }) => ({ n: blobs.length, recordedMs, startedAt, stoppedAt }));
    });
    for (const { n, recordedMs, startedAt, stoppedAt } of ends) {
      expect(n).toBe(1);
      expect(recordedMs).toBeGreaterThan(900);
      expect(Math.abs(recordedMs - ((stoppedAt ?? 0) - startedAt))).toBeLessThan(100);
    }
  }, 60_000);
});
