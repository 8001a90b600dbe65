/** Camera and microphone during the interview: ended, muted by a call, hidden with the page, unplugged; a recorder without WebM. */
import path from 'node:path';
import type { Page } from '@playwright/test';
import { probe } from '../support/media/media.ts';
import {
  answer,
  expect,
  expectFinished,
  expectPlayable,
  expectRecording,
  logIn,
  press,
  readSession,
  speak,
  test,
} from './fixtures.ts';

declare global {
  interface Window {
    /** Every stream that the page opened, in order. */
    __streams: MediaStream[];
    /** Whether the picture of `canvasCamera` moves. */
    __moves: boolean;
    /** Every wake lock that the page asked for. */
    __locks: WakeLockSentinel[];
  }
}

/** Runs in the page before its own scripts. */
function keepStreams(): void {
  window.__streams = [];
  const open = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (this: MediaDevices, constraints?: MediaStreamConstraints) {
    const stream = await open.call(this, constraints);
    window.__streams.push(stream);
    return stream;
  };
}

/** Does to the microphone's track what a pulled plug or a call does: no page can cause the event itself. */
async function microphone(page: Page, event: 'ended' | 'mute' | 'unmute'): Promise<void> {
  await page.evaluate((type) => {
    const track = window.__streams.at(-1)?.getAudioTracks()[0];
    if (!track) throw new Error('the page has opened no microphone');
    if (type === 'ended') track.stop();
    else Object.defineProperty(track, 'muted', { value: type === 'mute', configurable: true });
    track.dispatchEvent(new Event(type));
  }, event);
}

/** Runs in the page before its own scripts: the camera is a canvas, which can stand still while its track is live. */
function canvasCamera(): void {
  window.__moves = true;
  const open = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (this: MediaDevices, constraints?: MediaStreamConstraints) {
    const stream = await open.call(this, constraints);
    if (!constraints?.video) return stream;
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d');
    let hue = 0;
    setInterval(() => {
      if (!context || !window.__moves) return;
      hue = (hue + 7) % 360;
      context.fillStyle = `hsl(${hue} 80% 50%)`;
      context.fillRect(0, 0, canvas.width, canvas.height);
    }, 50);
    return new MediaStream([...canvas.captureStream(20).getVideoTracks(), ...stream.getAudioTracks()]);
  };
}

test.beforeEach(async ({ page }) => {
  await page.addInitScript(keepStreams);
});

test('a microphone that ends in mid-answer: the take is saved, the page says so and offers another take', async ({
  page,
  server,
  candidate,
}) => {
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  await speak(page);
  await microphone(page, 'ended');
  await expect(page.getByRole('alert')).toContainText('The recording stopped by itself');
  await expect(page.getByRole('button', { name: 'Keep this answer' })).toBeVisible();
  await press(page, 'Answer again');
  await expectRecording(page, 1);
  expect(await page.evaluate(() => window.__streams.length), 'both were opened anew').toBeGreaterThan(1);
  await speak(page);
  await press(page, 'Next question');
  await expectRecording(page, 2);

  const [cut, again] = await page.evaluate(() => window.__tapDigests());
  const { files } = await readSession(server);
  const file = (name: string) => files.find((each) => each.name === name);
  expect(file('takes/Q1-1.webm')?.sha256).toBe(cut?.sha256);
  expect(file('Q1.webm')?.sha256).toBe(again?.sha256);
});

test('a call takes the microphone: the page says so while it lasts, and after a long call the candidate chooses', async ({
  page,
  server,
  candidate,
}) => {
  await logIn(page, server.url, candidate);
  await microphone(page, 'mute');
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  const alert = page.getByRole('alert');
  await expect(alert, 'muted before the answer began').toContainText('No signal from the camera');
  await page.waitForTimeout(6000);
  await microphone(page, 'unmute');
  await press(page, 'Next question');
  await expect(page.getByText('for a part of it the camera or the microphone gave no signal')).toBeVisible();
  await expect(page.locator('.stage-player'), 'the answer can be played').toBeVisible();
  await press(page, 'Answer again');
  await expectRecording(page, 1);
  await page.waitForTimeout(1500);
  await press(page, 'Next question');

  await expectRecording(page, 2);
  // The call is over before the page has a moment for anything else: a busy machine makes no long one of it.
  const shown = await page.evaluate(() => {
    const track = window.__streams.at(-1)?.getAudioTracks()[0];
    return ['mute', 'unmute'].map((type) => {
      Object.defineProperty(track, 'muted', { value: type === 'mute', configurable: true });
      track?.dispatchEvent(new Event(type));
      const notice = document.querySelector('.notice');
      return notice?.checkVisibility() ? notice.textContent : '';
    });
  });
  expect(shown[0]).toContain('No signal from the camera or the microphone');
  expect(shown[1]).toBe('');
  await expectRecording(page, 2);
  await press(page, 'Next question');
  await expectRecording(page, 3);
});

test('a camera that stands still in mid-answer: the page says so, and keeps the sound', async ({
  page,
  server,
  candidate,
}) => {
  await page.addInitScript(canvasCamera);
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  await page.waitForTimeout(1500);
  await page.evaluate(() => {
    window.__moves = false;
  });
  await expect(page.getByRole('alert')).toContainText('Your picture is frozen', { timeout: 7000 });
  // Chromium has held back the sound as well; without the camera it comes again.
  const persisted = () => page.evaluate(() => window.tresgo.status().takes[0]?.recordedMs ?? 0);
  await expect.poll(persisted, { timeout: 7000 }).toBeGreaterThan(7000);
  await page.reload();
  await expect(page.getByText(/We saved \d+ seconds/)).toBeVisible();
  await press(page, 'Keep this answer');
  await expect.poll(async () => (await readSession(server)).files.map(({ name }) => name)).toContain('Q1.webm');
  const { folder } = await readSession(server);
  const { hasAudio, durationSeconds } = await probe(path.join(folder, 'Q1.webm'));
  expect([hasAudio, durationSeconds > 6]).toEqual([true, true]);
});

test('a phone that shows another page in mid-answer: the page says so and keeps the screen on again', async ({
  page,
  server,
  candidate,
}) => {
  await page.addInitScript(() => {
    window.__locks = [];
    Object.defineProperty(document, 'visibilityState', {
      get: () => document.documentElement.dataset.seen ?? 'visible',
    });
    WakeLock.prototype.request = async () => {
      const sentinel = Object.assign(new EventTarget(), {
        released: false,
        type: 'screen' as const,
        onrelease: null,
        async release() {
          sentinel.released = true;
          sentinel.dispatchEvent(new Event('release'));
        },
      });
      window.__locks.push(sentinel);
      return sentinel;
    };
  });
  /** Shows or hides the page as a phone does, which releases the wake lock of a hidden page (Screen Wake Lock, section 8). */
  const become = (seen: 'visible' | 'hidden') =>
    page.evaluate(async (state) => {
      document.documentElement.dataset.seen = state;
      if (state === 'hidden') await window.__locks.at(-1)?.release();
      document.dispatchEvent(new Event('visibilitychange'));
    }, seen);
  const held = () => page.evaluate(() => window.__locks.map(({ released }) => !released));
  await logIn(page, server.url, candidate);
  expect(await held(), 'not at the check').toEqual([]);
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  await expect.poll(held).toEqual([true]);
  await become('hidden');
  expect(await held()).toEqual([false]);
  await page.waitForTimeout(300);
  await become('visible');
  await expect(page.getByRole('alert')).toContainText('This page was in the background');
  await expect.poll(held).toEqual([false, true]);
  await page.getByRole('button', { name: 'Pause after this answer' }).click();
  await press(page, 'Next question');
  await expect(page.getByRole('heading', { name: 'Take a break' })).toBeVisible();
  await expect.poll(held, 'during a break the screen may go dark').toEqual([false, false]);
});

test('at the check: an unplugged device is replaced, and another microphone is opened and kept for the answers', async ({
  page,
  server,
  candidate,
}) => {
  await logIn(page, server.url, candidate);
  await microphone(page, 'ended');
  await expect.poll(() => page.evaluate(() => window.__streams.length)).toBe(2);
  const live = () =>
    page.evaluate(() =>
      window.__streams.map((stream) => stream.getTracks().filter((track) => track.readyState === 'live').length),
    );
  await expect.poll(live, 'the old camera is off, the new devices are on').toEqual([0, 2]);
  const box = page.getByRole('combobox', { name: 'Microphone' });
  const ids = await box
    .locator('option')
    .evaluateAll((options) => options.map((option) => (option as HTMLOptionElement).value));
  const other = ids.find((id) => id !== '' && id !== 'default' && id !== 'communications');
  if (!other) throw new Error('the fake devices have only one microphone');
  await box.selectOption(other);
  const used = () => page.evaluate(() => window.__streams.at(-1)?.getAudioTracks()[0]?.getSettings().deviceId);
  await expect.poll(used).toBe(other);
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  expect(await used()).toBe(other);
});

test('a browser that records no WebM: the whole interview is stored as MP4', async ({ page, server, candidate }) => {
  await page.addInitScript(() => {
    const { isTypeSupported } = MediaRecorder;
    MediaRecorder.isTypeSupported = (type) => !type.startsWith('video/webm') && isTypeSupported(type);
  });
  await logIn(page, server.url, candidate);
  expect(await page.evaluate(() => MediaRecorder.isTypeSupported('video/webm'))).toBe(false);
  await press(page, 'Start interview');
  for (let question = 1; question <= 5; question++) {
    await expectRecording(page, question);
    // Slices come while it records.
    await expect.poll(() => page.evaluate(() => window.__tap.at(-1)?.blobs.length)).toBeGreaterThan(1);
    await answer(page, question, { seconds: 1 });
  }
  await expectFinished(page);
  const { files, meta } = await readSession(server);
  expect(files.map(({ name }) => name)).toEqual(['meta.json', 'Q1.mp4', 'Q2.mp4', 'Q3.mp4', 'Q4.mp4', 'Q5.mp4']);
  const delivered = await page.evaluate(() => window.__tapDigests());
  expect(meta.files.map(({ sha256 }) => sha256)).toEqual(delivered.map(({ sha256 }) => sha256));
  for (const [at, file] of files.filter(({ name }) => name.startsWith('Q')).entries()) {
    const recording = delivered[at];
    if (!recording) throw new Error(`no recording was delivered for ${file.name}`);
    expect(recording.mimeType).toMatch(/^video\/mp4/);
    await expectPlayable(file, recording);
  }
});
