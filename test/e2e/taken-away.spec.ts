/** Camera and microphone in the middle of things: ended, muted, unplugged, another type of file, a try without a trace. */
import type { Page } from '@playwright/test';
import {
  answer,
  expect,
  expectFinished,
  expectPlayable,
  expectRecording,
  logIn,
  readSession,
  test,
} from './fixtures.ts';

declare global {
  interface Window {
    /** Every stream that the page opened, in order. */
    __streams: MediaStream[];
    /** Every lock on the screen that it asked for. */
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

/** What a plug that is pulled, or a call, does to a track; a page can't make it happen, only act as if. */
async function microphone(page: Page, event: 'ended' | 'mute' | 'unmute'): Promise<void> {
  await page.evaluate((type) => {
    const track = window.__streams.at(-1)?.getAudioTracks()[0];
    if (!track) throw new Error('the page has opened no microphone');
    if (type === 'ended') track.stop();
    else Object.defineProperty(track, 'muted', { value: type === 'mute', configurable: true });
    track.dispatchEvent(new Event(type));
  }, event);
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

test.beforeEach(async ({ page }) => {
  await page.addInitScript(keepStreams);
});

test('a microphone that ends in mid-answer: the take is saved, it is said, and a new one is offered', async ({
  page,
  server,
  candidate,
}) => {
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  await page.waitForTimeout(2500);
  await microphone(page, 'ended');
  await expect(page.getByRole('alert')).toContainText('The recording stopped by itself');
  await expect(page.getByRole('button', { name: 'Keep this answer' })).toBeVisible();
  await press(page, 'Answer again');
  await expectRecording(page, 1);
  expect(await page.evaluate(() => window.__streams.length), 'both were opened anew').toBeGreaterThan(1);
  await page.waitForTimeout(2500);
  await press(page, 'Next question');
  await expectRecording(page, 2);

  const [cut, again] = await page.evaluate(() => window.__tapDigests());
  const { files } = await readSession(server);
  const file = (name: string) => files.find((each) => each.name === name);
  expect(file('takes/Q1-1.webm')?.sha256).toBe(cut?.sha256);
  expect(file('Q1.webm')?.sha256).toBe(again?.sha256);
  expect(cut?.recordedMs).toBeGreaterThan(1500);
});

test('a call takes the microphone: it is said while it lasts, and the recording goes on', async ({
  page,
  server,
  candidate,
}) => {
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  await page.waitForTimeout(1000);
  await microphone(page, 'mute');
  await expect(page.getByRole('alert')).toContainText('The camera or the microphone delivers nothing right now');
  await microphone(page, 'unmute');
  await expect(page.getByText('The camera or the microphone delivers nothing right now')).toHaveCount(0);
  await expectRecording(page, 1);
  await press(page, 'Next question');
  await expectRecording(page, 2);
});

test('a long call within an answer: at its end the candidate says whether it counts', async ({
  page,
  server,
  candidate,
}) => {
  await logIn(page, server.url, candidate);
  await microphone(page, 'mute');
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  const alert = page.getByRole('alert');
  await expect(alert, 'muted before it began').toContainText('delivers nothing right now');
  await page.waitForTimeout(6000);
  await microphone(page, 'unmute');
  await press(page, 'Next question');
  await expect(page.getByText('for a part of it the camera or the microphone delivered nothing')).toBeVisible();
  await expect(page.locator('.stage-player'), 'it can be played').toBeVisible();
  await press(page, 'Answer again');
  await expectRecording(page, 1);
  await page.waitForTimeout(1500);
  await press(page, 'Next question');
  await expectRecording(page, 2);
});

test('a phone that shows another page in mid-answer: it is said, and the screen is kept on anew', async ({
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
  /** As a phone does: it takes the lock away with the page (Screen Wake Lock, section 8). */
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
  expect(await held()).toEqual([true]);
  await become('hidden');
  expect(await held()).toEqual([false]);
  await page.waitForTimeout(300);
  await become('visible');
  await expect(page.getByRole('alert')).toContainText('This page was in the background');
  await expect.poll(held).toEqual([false, true]);
  await page.getByRole('button', { name: 'Pause after this answer' }).click();
  await press(page, 'Next question');
  await expect(page.getByRole('heading', { name: 'Take a break' })).toBeVisible();
  await expect.poll(held, 'a break needs no light').toEqual([false, false]);
});

test('a device that is unplugged at the check is replaced by what there is', async ({ page, server, candidate }) => {
  await logIn(page, server.url, candidate);
  await microphone(page, 'ended');
  await expect.poll(() => page.evaluate(() => window.__streams.length)).toBe(2);
  const live = () =>
    page.evaluate(() =>
      window.__streams.map((stream) => stream.getTracks().filter((track) => track.readyState === 'live').length),
    );
  await expect.poll(live, 'the old camera is off, the new ones are on').toEqual([0, 2]);
  await press(page, 'Start interview');
  await expectRecording(page, 1);
});

test('another camera and microphone at the check: they are asked for, and kept for the answers', async ({
  page,
  server,
  candidate,
}) => {
  await logIn(page, server.url, candidate);
  const box = page.getByRole('combobox', { name: 'Microphone' });
  const ids = await box
    .locator('option')
    .evaluateAll((options) => options.map((option) => (option as HTMLOptionElement).value));
  const other = ids.find((id) => id !== '' && id !== 'default' && id !== 'communications');
  if (!other) throw new Error('the fake devices have one microphone only');
  await box.selectOption(other);
  const used = () => page.evaluate(() => window.__streams.at(-1)?.getAudioTracks()[0]?.getSettings().deviceId);
  await expect.poll(used).toBe(other);
  await press(page, 'Start interview');
  await expectRecording(page, 1);
  expect(await used()).toBe(other);
});

test('a browser that records no webm: the whole interview lies in the folder as mp4', async ({
  page,
  server,
  candidate,
}) => {
  await page.addInitScript(() => {
    const { isTypeSupported } = MediaRecorder;
    MediaRecorder.isTypeSupported = (type) => !type.startsWith('video/webm') && isTypeSupported(type);
  });
  await logIn(page, server.url, candidate);
  expect(await page.evaluate(() => MediaRecorder.isTypeSupported('video/webm'))).toBe(false);
  await press(page, 'Start interview');
  for (let question = 1; question <= 5; question++) await answer(page, question);
  await expectFinished(page);
  const { files, meta } = await readSession(server);
  expect(files.map(({ name }) => name)).toEqual(['meta.json', 'Q1.mp4', 'Q2.mp4', 'Q3.mp4', 'Q4.mp4', 'Q5.mp4']);
  const delivered = await page.evaluate(() => window.__tapDigests());
  expect(meta.files.map(({ sha256 }) => sha256)).toEqual(delivered.map(({ sha256 }) => sha256));
  for (const [at, file] of files.filter(({ name }) => name.startsWith('Q')).entries()) {
    const recording = delivered[at];
    if (!recording) throw new Error(`no recording was delivered for ${file.name}`);
    expect(recording.mimeType).toMatch(/^video\/mp4/);
    expect(recording.blobs, 'slices come while it records').toBeGreaterThan(1);
    await expectPlayable(file, recording);
  }
});

test('a practice question leaves no trace: nothing is sent, nothing is kept', async ({ page, server, candidate }) => {
  const requests: string[] = [];
  page.on('request', (request) => requests.push(new URL(request.url()).pathname));
  await logIn(page, server.url, candidate);
  await expect.poll(() => requests.filter((path) => path === '/api/uplink').length).toBeGreaterThan(1);
  await press(page, 'Practice question');
  await expect(page.getByRole('heading', { name: 'Practice' })).toBeVisible();
  await page.waitForTimeout(2500);
  await press(page, 'Stop');
  await expect(page.locator('video[src^="blob:"]')).toBeVisible();
  expect((await page.evaluate(() => window.__tap)).length, 'it was recorded for real').toBe(1);
  const kept = await page.evaluate(async () => {
    const names = (await indexedDB.databases()).map(({ name }) => name).filter((name) => name !== 'tap');
    const counts: number[] = [];
    for (const name of names) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name as string);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      for (const store of database.objectStoreNames) {
        counts.push(
          await new Promise<number>((resolve, reject) => {
            const request = database.transaction(store).objectStore(store).count();
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
          }),
        );
      }
      database.close();
    }
    return counts;
  });
  expect(kept.length, 'the spool is there').toBeGreaterThan(0);
  expect(kept.every((count) => count === 0)).toBe(true);
  expect(requests.filter((path) => path.startsWith('/files'))).toEqual([]);
});
