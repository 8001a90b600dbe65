/** Recorders, cameras and microphones that fall silent, with a manual clock. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EndReason, RecorderFailedError, startRecorder } from '../../../client/capture/recorder.ts';
import type { Trouble } from '../../../client/capture/recorder-watch.ts';
import { FakeRecorder } from '../../support/browser/fake-recorder.ts';
import { FakeTrack, fakeStream } from '../../support/browser/fake-stream.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';
import { liveHead, liveSlice } from '../../support/media/live-webm.ts';

beforeEach(() => {
  FakeRecorder.reset();
  vi.stubGlobal('MediaRecorder', FakeRecorder);
});
afterEach(() => vi.unstubAllGlobals());

/** `counts`: the pictures of the camera can be counted. */
function open({ counts = false, timers = createManualTimers() } = {}) {
  const [camera, microphone] = [new FakeTrack('video'), new FakeTrack('audio')];
  const page: { hidden: boolean; pictures: number | null } = { hidden: false, pictures: counts ? 0 : null };
  const troubles: Array<[Trouble, number]> = [];
  const ends: Array<{ reason: EndReason; error: unknown; at: number }> = [];
  const kept: string[] = [];
  const lengths: number[] = [];
  const recording = startRecorder({
    stream: fakeStream(camera, microphone),
    timers,
    isHidden: () => page.hidden,
    frames: () => ({ count: () => page.pictures, close() {} }),
    onChunk: async (data, recordedMs) => {
      kept.push(new TextDecoder().decode(data));
      lengths.push(recordedMs);
    },
    onTrouble: (trouble) => troubles.push([trouble, timers.now()]),
    onEnd: (reason, error) => ends.push({ reason, error, at: timers.now() }),
  });
  const recorder = () => FakeRecorder.made.at(-1) as FakeRecorder;
  /** Runs for `ms`; every 500 ms a chunk and a picture come, where they do. */
  async function run(ms: number, { chunks = true, pictures = true } = {}): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      if (pictures && page.pictures !== null) page.pictures += 10;
      await timers.advance(490);
      if (chunks) recorder().deliver(`${timers.now()} `);
      await settle();
      await timers.advance(10);
    }
  }
  return { ...{ timers, camera, microphone, page, troubles, ends, kept, lengths, recording, recorder, run } };
}

test('a recorder that falls silent is noticed within 5 s and stopped, and what it brought is kept', async () => {
  const { run, troubles, ends, kept, timers } = open();
  await run(3000);
  await run(5000, { chunks: false });
  expect(troubles).toHaveLength(1);
  expect(troubles[0]?.[0]).toBe('silent');
  expect((troubles[0]?.[1] ?? 0) - 3000).toBeLessThanOrEqual(5000);
  expect(ends.map(({ reason }) => reason)).toEqual(['silent']);
  expect(kept).toHaveLength(6);
  expect(timers.pending()).toBe(0);
});

test('empty blobs are as good as none', async () => {
  const { run, recorder, timers, troubles } = open();
  await run(2000);
  for (let blob = 0; blob < 12; blob++) {
    recorder().deliver('');
    await timers.advance(400);
  }
  expect(troubles.map(([trouble]) => trouble)).toEqual(['silent']);
});

test('a recorder that brings its chunks only when it is asked is not silent', async () => {
  const { run, recorder, timers, troubles, kept } = open();
  await run(1000);
  const ask = recorder().requestData;
  recorder().requestData = function () {
    ask.call(this);
    this.deliver('late ');
  };
  await timers.advance(60_000);
  await settle();
  expect(troubles).toEqual([]);
  expect(kept.filter((text) => text === 'late ').length).toBeGreaterThan(15);
});

test('a last piece that comes when it is asked for does not hide that nothing follows', async () => {
  const { recorder, timers, troubles } = open();
  recorder().deliver(liveHead());
  await timers.advance(2000);
  recorder().deliver(liveSlice(0, 2000));
  await settle();
  recorder().requestData = function () {
    if (this.asked++ === 0) this.deliver(liveSlice(2000, 2100));
  };
  await timers.advance(5000);
  expect(troubles).toEqual([['silent', expect.any(Number)]]);
});

test('a device that brings a chunk every 3 s is given more time than one that brings two a second', async () => {
  const { recorder, timers, troubles } = open();
  for (let chunk = 0; chunk < 5; chunk++) {
    await timers.advance(3400);
    recorder().deliver('slow ');
    await settle();
  }
  await timers.advance(4600);
  expect(troubles).toEqual([]);
  await timers.advance(2000);
  expect(troubles.map(([trouble]) => trouble)).toEqual(['silent']);
});

test('a page that slept or was hidden is no proof of silence', async () => {
  const { run, timers, page, troubles } = open();
  await run(1000);
  page.hidden = true;
  await timers.advance(60_000);
  page.hidden = false;
  await timers.advance(3000);
  await run(1000);
  timers.sleep(60_000);
  await timers.advance(500);
  await run(1000);
  expect(troubles).toEqual([]);
});

test('a first chunk that does not come ends the recording after 5 s', async () => {
  const { timers, ends } = open();
  await timers.advance(4900);
  expect(ends).toEqual([]);
  await timers.advance(1500);
  expect(ends.map(({ reason }) => reason)).toEqual(['silent']);
});

test('a camera that stands still and holds back the sound is turned off, and the sound comes again', async () => {
  const { run, troubles, camera, microphone, ends } = open({ counts: true });
  await run(3000);
  await run(4500, { chunks: false, pictures: false });
  expect(troubles).toEqual([['still', expect.any(Number)]]);
  expect((troubles[0]?.[1] ?? 0) - 2500, 'after the last picture').toBeLessThanOrEqual(5000);
  expect([camera.readyState, microphone.readyState]).toEqual(['ended', 'live']);
  await run(20_000, { pictures: false });
  expect([troubles.length, ends]).toEqual([1, []]);
});

test.each([700, 1400, 2000])(
  'a camera that stops %i ms behind the last chunk is turned off as well',
  async (laterMs) => {
    const { timers, recorder, page, troubles, camera, ends, run } = open({ counts: true });
    await run(500);
    for (let passed = 0; passed < laterMs; passed += 100) {
      page.pictures = (page.pictures ?? 0) + 2;
      await timers.advance(100);
    }
    await timers.advance(5000 - laterMs);
    expect(troubles.map(([trouble]) => trouble)).toEqual(['still']);
    expect(camera.readyState).toBe('ended');
    recorder().deliver('what was held back');
    await run(20_000, { pictures: false });
    expect([troubles.length, ends]).toEqual([1, []]);
  },
);

test('a camera that goes on is not blamed for a silent recorder', async () => {
  const { run, troubles, camera } = open({ counts: true });
  await run(2000);
  await run(5000, { chunks: false });
  expect(troubles.map(([trouble]) => trouble)).toEqual(['silent']);
  expect(camera.readyState).toBe('live');
});

test('where the sound does not come again, the recording ends', async () => {
  const { run, troubles } = open({ counts: true });
  await run(3000);
  await run(7500, { chunks: false, pictures: false });
  expect(troubles.map(([trouble]) => trouble)).toEqual(['still', 'silent']);
});

test('a picture that stands still while the sound goes on is told, and nothing is turned off', async () => {
  const { run, troubles, camera, ends } = open({ counts: true });
  await run(2000);
  await run(6000, { pictures: false });
  expect(troubles).toEqual([['still', expect.any(Number)]]);
  await run(1000);
  expect(troubles.map(([trouble]) => trouble)).toEqual(['still', 'moving']);
  expect([camera.readyState, ends]).toEqual(['live', []]);
});

test('where the pictures cannot be counted, a muted camera stands still', async () => {
  const { run, camera, troubles } = open();
  await run(2000);
  expect(troubles).toEqual([]);
  camera.muted = true;
  await run(4500);
  expect(troubles.map(([trouble]) => trouble)).toEqual(['still']);
});

test('a recorder that waits for a microphone in a call is not silent, and silent if it still is after the call', async () => {
  const { run, microphone, troubles } = open();
  await run(2000);
  microphone.muted = true;
  await run(30_000, { chunks: false });
  expect(troubles).toEqual([]);
  microphone.muted = false;
  await run(5000, { chunks: false });
  expect(troubles.map(([trouble]) => trouble)).toEqual(['silent']);
});

test('a recorder that never says that it has stopped is believed to have, 3 s after its last chunk', async () => {
  FakeRecorder.disorder = { neverStops: true };
  const { run, recording, recorder, timers, ends, kept } = open();
  await run(2000);
  let stopped = false;
  void recording.stop().then(() => (stopped = true));
  await timers.advance(1000);
  recorder().deliver('the rest');
  await settle();
  await timers.advance(2900);
  expect(ends).toEqual([]);
  await timers.advance(200);
  expect(ends.map(({ reason }) => reason)).toEqual(['stop']);
  expect([stopped, kept.at(-1), timers.pending()]).toEqual([true, 'the rest', 0]);
  recorder().deliver('far too late');
  recorder().dispatchEvent(new Event('stop'));
  await settle();
  expect([ends.length, kept.at(-1)]).toEqual([1, 'the rest']);
});

test('a page that sleeps behind the stop still takes the last chunk when it wakes', async () => {
  FakeRecorder.disorder = { neverStops: true };
  const { run, recording, recorder, timers, ends, kept } = open();
  await run(2000);
  void recording.stop();
  await settle();
  timers.sleep(60_000);
  await timers.advance(0);
  expect(ends).toEqual([]);
  recorder().deliver('the rest');
  recorder().dispatchEvent(new Event('stop'));
  await settle();
  expect([ends.map(({ reason }) => reason), kept.at(-1), timers.pending()]).toEqual([['stop'], 'the rest', 0]);
});

test('an error in mid-answer ends the recording, whether or not the recorder says more', async () => {
  FakeRecorder.disorder = { neverStops: true };
  const { run, recorder, timers, ends, kept } = open();
  await run(2000);
  recorder().fail();
  await timers.advance(1000);
  expect(ends).toMatchObject([{ reason: 'error', error: { name: 'UnknownError' } }]);
  expect(kept).toHaveLength(4);
});

test('a type that is supported and can’t be started is followed by the next', async () => {
  FakeRecorder.disorder = { refuses: (type) => type.startsWith('video/webm') };
  const { recording } = open();
  expect(recording.mimeType).toBe('video/mp4;codecs=avc1.42E01E,mp4a.40.2');
});

test('a browser that refuses every type that it calls supported', () => {
  FakeRecorder.disorder = { refuses: () => true };
  expect(() => open()).toThrow(RecorderFailedError);
  FakeRecorder.supported = () => false;
  expect(() => open()).toThrow('records no video type');
});

test('the length is what the recording holds, and not what the clock of the page says', async () => {
  const { recording, recorder, timers, lengths } = open();
  recorder().deliver(liveHead());
  await timers.advance(1000);
  recorder().deliver(liveSlice(0, 1000));
  await settle();
  await timers.advance(3000);
  recorder().deliver(liveSlice(3600, 4000));
  await settle();
  expect([recording.elapsedMs(), recording.recordedMs(), lengths]).toEqual([4000, 1200, [0, 900, 1200]]);
});

test('the time that a slow device takes to start its recorder is no part of the answer', () => {
  const timers = createManualTimers();
  FakeRecorder.disorder = {
    refuses: () => {
      timers.sleep(1600);
      return false;
    },
  };
  const { recording } = open({ timers });
  expect(recording.elapsedMs()).toBe(0);
});

test('a picture that waits for its encoder is not thrown away: the recorder pauses until it has come', async () => {
  const { recording, recorder, timers, kept, ends } = open();
  recorder().deliver(liveHead());
  await timers.advance(500);
  recorder().deliver(liveSlice(0, 500));
  await settle();
  await timers.advance(2500);
  recorder().deliver(liveSlice(500, 1500));
  await settle();
  void recording.stop();
  await settle();
  expect(recorder().state).toBe('paused');
  await timers.advance(400);
  recorder().deliver(liveSlice(1500, 3000));
  await settle();
  await timers.advance(100);
  expect([recorder().state, kept.length, ends.length]).toEqual(['inactive', 4, 1]);
});

test('a recorder that can’t pause is stopped all the same', async () => {
  const { recording, recorder, timers, ends } = open();
  recorder().deliver(liveHead());
  await timers.advance(500);
  recorder().deliver(liveSlice(0, 500));
  await settle();
  await timers.advance(2500);
  recorder().deliver(liveSlice(500, 1500));
  await settle();
  recorder().pause = () => {
    throw new DOMException('', 'NotSupportedError');
  };
  void recording.stop();
  await settle();
  expect([recorder().state, ends.map(({ reason }) => reason)]).toEqual(['inactive', ['stop']]);
});

test('such a picture is waited for no longer than 1.5 s, and a picture that keeps up not at all', async () => {
  const slow = open();
  slow.recorder().deliver(liveHead());
  await slow.timers.advance(500);
  slow.recorder().deliver(liveSlice(0, 500));
  await settle();
  await slow.timers.advance(2000);
  slow.recorder().deliver(liveSlice(500, 700));
  await settle();
  void slow.recording.stop();
  await slow.timers.advance(1600);
  expect(slow.ends.map(({ at }) => at)).toEqual([4000]);
  const quick = open();
  quick.recorder().deliver(liveHead());
  await quick.timers.advance(2000);
  quick.recorder().deliver(liveSlice(0, 1900));
  await settle();
  void quick.recording.stop();
  await settle();
  expect(quick.ends.map(({ at }) => at)).toEqual([2000]);
});
