/** Camera and microphone as the page has them open, with scripted devices. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPreview } from '../../client/preview.ts';
import { DEFAULT_QUALITY, fitQuality } from '../../client/quality.ts';
import { settle } from '../support/manual-timers.ts';

class FakeTrack extends EventTarget {
  readyState: MediaStreamTrackState = 'live';
  heights: unknown[] = [];
  stop(): void {
    this.readyState = 'ended';
  }
  async applyConstraints({ height }: MediaTrackConstraints): Promise<void> {
    this.heights.push(height);
  }
}

/** What was asked for, as `camera/microphone`; a device that is in use elsewhere can't be read. */
let asked: string[];
let busy: string[];
let track: FakeTrack;
let context: { state: AudioContextState };

beforeEach(() => {
  asked = [];
  busy = [];
  context = { state: 'suspended' };
  const idOf = (wish: unknown) => (wish as { deviceId?: { exact?: string } }).deviceId?.exact ?? 'any';
  const getUserMedia = async ({ video, audio }: MediaStreamConstraints) => {
    const wanted = [idOf(video), idOf(audio)];
    asked.push(wanted.join('/'));
    if (wanted.some((id) => busy.includes(id))) throw new DOMException('', 'NotReadableError');
    const [camera, microphone] = [new FakeTrack(), new FakeTrack()];
    track = camera;
    return {
      active: true,
      getTracks: () => [camera, microphone],
      getVideoTracks: () => [camera],
      getAudioTracks: () => [microphone],
    };
  };
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } });
  vi.stubGlobal(
    'AudioContext',
    class {
      get state() {
        return context.state;
      }
      createAnalyser = () => ({ fftSize: 0, getFloatTimeDomainData: (samples: Float32Array) => samples.fill(0.5) });
      createMediaStreamSource = () => ({ connect() {}, disconnect() {} });
      resume = async () => {};
      close = async () => {};
    },
  );
});
afterEach(() => vi.unstubAllGlobals());

test('nothing is heard without a microphone, nor before the page was touched', async () => {
  const preview = createPreview(() => {});
  expect(preview.level()).toBeNull();
  await preview.open();
  expect(preview.level()).toBeNull();
  context.state = 'running';
  expect(preview.level()).toBeCloseTo(0.9, 1);
  preview.close();
  expect(preview.level()).toBeNull();
});

test('while something records the camera is left alone; the next opening sees to it', async () => {
  const preview = createPreview(() => {});
  await preview.open();
  const [smaller, larger] = [fitQuality(300), fitQuality(9000)];
  await preview.tune(smaller, { later: true });
  expect(track.heights).toEqual([]);
  await preview.open();
  expect(track.heights).toEqual([{ ideal: smaller.height }]);
  await preview.open();
  await preview.tune(larger);
  await preview.tune(larger);
  expect(track.heights).toEqual([{ ideal: smaller.height }, { ideal: larger.height }]);
  expect(larger).not.toEqual(DEFAULT_QUALITY);
  // Whoever opens then waits for it: the next recording must not begin in the middle of the change.
  let changed: () => void = () => {};
  track.applyConstraints = () => new Promise((resolve) => (changed = resolve));
  void preview.tune(smaller);
  let opened = false;
  const opening = preview.open().then(() => (opened = true));
  await settle();
  expect(opened).toBe(false);
  changed();
  await opening;
});

test('a chosen device that is in use elsewhere: as little of the choice as helps is given up', async () => {
  const preview = createPreview(() => {});
  preview.choose({ cameraId: 'c2', microphoneId: 'm2' });
  expect(preview.chosen()).toEqual({ cameraId: 'c2', microphoneId: 'm2' });
  busy = ['m2'];
  await preview.open();
  expect(asked.splice(0)).toEqual(['c2/m2', 'any/m2', 'c2/any']);
  preview.choose({ microphoneId: '' });
  busy = ['c2', 'any'];
  await expect(preview.open()).rejects.toThrow(expect.objectContaining({ name: 'NotReadableError' }));
  expect(asked).toEqual(['c2/any', 'any/any']);
});
