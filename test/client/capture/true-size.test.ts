/** The picture in the size that is shown, with a scripted camera and a scripted worker. */
import { beforeEach, expect, test, vi } from 'vitest';
import { toTrueSize } from '../../../client/capture/true-size.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

class FakeTrack extends EventTarget {
  readyState = 'live';
  muted = false;
  label = 'camera';
  readonly settings: { resizeMode: string };
  readonly asked: unknown[] = [];
  constructor(resizeMode = 'crop-and-scale') {
    super();
    this.settings = { resizeMode };
  }
  getSettings = () => this.settings;
  getCapabilities = () => ({});
  async applyConstraints(constraints: unknown): Promise<void> {
    this.asked.push(constraints);
  }
  stop(): void {
    this.readyState = 'ended';
  }
}

class FakeStream {
  readonly tracks: FakeTrack[];
  constructor(tracks: FakeTrack[]) {
    this.tracks = tracks;
  }
  getVideoTracks = () => this.tracks.slice(0, 1);
  getAudioTracks = () => this.tracks.slice(1);
}

/** A camera of 1280x720 that is shown in `shown`; `worker` does what the scaling worker does once it is asked. */
function open({ shown = [320, 180], resizeMode = 'crop-and-scale', worker = 'flows' } = {}) {
  const camera = new FakeTrack(resizeMode);
  const stream = new FakeStream([camera, new FakeTrack()]) as unknown as MediaStream;
  const [displayWidth, displayHeight] = shown;
  const frame = { displayWidth, displayHeight, visibleRect: { width: 1280, height: 720 }, close() {} };
  const timers = createManualTimers();
  const scaling = Object.assign(new EventTarget(), {
    ended: false,
    postMessage: () =>
      worker !== 'silent' && scaling.dispatchEvent(new Event(worker === 'flows' ? 'message' : 'error')),
    terminate() {
      scaling.ended = true;
    },
  });
  const browser = {
    MediaStreamTrackProcessor: class {
      readable = new ReadableStream({ pull: (controller) => controller.enqueue(frame) });
    },
    MediaStreamTrackGenerator: class extends FakeTrack {
      writable = new WritableStream();
    },
  };
  const options = { browser, createWorker: () => scaling, timers } as unknown as Parameters<typeof toTrueSize>[1];
  return { camera, stream, scaling, timers, sized: toTrueSize(stream, options), bare: () => toTrueSize(stream, {}) };
}

beforeEach(() => {
  vi.stubGlobal('MediaStream', FakeStream);
  return () => vi.unstubAllGlobals();
});

test('a camera that is shown smaller than it is recorded is scaled, with its own sound', async () => {
  const { stream, sized } = open();
  expect(await sized).not.toBe(stream);
  expect((await sized).getAudioTracks()).toEqual(stream.getAudioTracks());
});

test.each([
  ['is shown as it is recorded', { shown: [1280, 720] }],
  ['has the size that was asked for', { resizeMode: 'none' }],
  ['can’t be scaled, since the worker fails', { worker: 'fails' }],
])('a camera that %s is recorded itself', async (_, script) => {
  const { stream, sized } = open(script);
  expect(await sized).toBe(stream);
});

test('a worker that brings no picture is given up after 2 s', async () => {
  const { stream, sized, scaling, timers } = open({ worker: 'silent' });
  await settle();
  await timers.advance(2000);
  expect(await sized).toBe(stream);
  expect(scaling.ended).toBe(true);
});

test('a browser without insertable streams records the camera itself', async () => {
  const { stream, bare } = open();
  expect(await bare()).toBe(stream);
});

test('the scaled picture stands for the camera: it is muted, tuned, stopped and lost with it', async () => {
  const { camera, sized, scaling } = open();
  const [picture] = (await sized).getVideoTracks() as [MediaStreamTrack];
  const heard: string[] = [];
  for (const type of ['mute', 'unmute', 'ended']) picture.addEventListener(type, () => heard.push(type));
  camera.muted = true;
  camera.dispatchEvent(new Event('mute'));
  expect([picture.muted, picture.label, picture.getSettings()]).toEqual([true, 'camera', camera.settings]);
  await picture.applyConstraints({ height: 360 });
  expect(camera.asked).toEqual([{ height: 360 }]);
  camera.dispatchEvent(new Event('ended'));
  expect(heard).toEqual(['mute', 'ended']);
  expect([picture.readyState, scaling.ended]).toEqual(['ended', true]);
  const other = open();
  const [again] = (await other.sized).getVideoTracks() as [MediaStreamTrack];
  again.stop();
  expect([other.camera.readyState, other.scaling.ended]).toEqual(['ended', true]);
});
