/** Camera and microphone as the page opens them, with scripted devices. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cameraLines, listDevices, openDevices } from '../../../client/capture/devices.ts';
import { createPreview } from '../../../client/capture/preview.ts';
import { DEFAULT_QUALITY, fitQuality } from '../../../client/capture/quality.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

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

/** The devices asked for, as `camera/microphone`; a busy device cannot be read. */
let asked: string[];
let busy: string[];
let track: FakeTrack;
let context: { state: AudioContextState };

beforeEach(() => {
  asked = [];
  busy = [];
  context = { state: 'suspended' };
  const idOf = (wish: unknown) =>
    wish === false ? 'none' : ((wish as { deviceId?: { exact?: string } }).deviceId?.exact ?? 'any');
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

test('there is no level without a microphone, nor before the page is touched', async () => {
  const preview = createPreview(() => {});
  expect(preview.level()).toBeNull();
  await preview.open();
  expect(preview.level()).toBeNull();
  context.state = 'running';
  expect(preview.level()).toBeCloseTo(0.9, 1);
  preview.close();
  expect(preview.level()).toBeNull();
});

test('while something records the picture does not change; the next opening changes it', async () => {
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
  // An opening waits for the change: the next recording must not begin in the middle of it.
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

test('a chosen device that is in use elsewhere: the page gives up as little of the choice as helps', async () => {
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

/** Replaces one call of the browser by one that never settles, or by one that throws. */
const never = () => new Promise<never>(() => {});
const refused = (name: string) => () => {
  throw new DOMException('', name);
};

test.each(['createAnalyser', 'createMediaStreamSource'])(
  'a meter that cannot be made (%s) stops nothing',
  async (call) => {
    vi.stubGlobal(
      'AudioContext',
      class {
        state = 'running';
        createAnalyser = () => ({ fftSize: 0 });
        close = async () => {};
        constructor() {
          Object.assign(this, { [call]: refused('NotSupportedError') });
        }
      },
    );
    const shown: unknown[] = [];
    const preview = createPreview((stream) => shown.push(stream));
    const stream = await preview.open();
    expect(shown).toEqual([null, stream]);
    expect(preview.level()).toBeNull();
  },
);

test('a browser that has not answered after 10 s is waited for, and another request does not wait for it', async () => {
  const timers = createManualTimers();
  const said: boolean[] = [];
  const preview = createPreview(() => {}, { timers, onWaiting: (waiting) => said.push(waiting) });
  const { getUserMedia } = navigator.mediaDevices;
  let allow: (stream: MediaStream) => void = () => {};
  navigator.mediaDevices.getUserMedia = () => new Promise((resolve) => (allow = resolve));
  const first = preview.open();
  await settle();
  await timers.advance(9000);
  expect(said).toEqual([]);
  await timers.advance(1000);
  expect(said).toEqual([true]);
  navigator.mediaDevices.getUserMedia = getUserMedia;
  const stream = await preview.open();
  expect(said).toEqual([true, false]);
  // The first request is allowed after all: its camera is closed again, and the page keeps the other one.
  const late = await getUserMedia({ video: true, audio: true });
  allow(late);
  await expect(first).rejects.toThrow(expect.objectContaining({ name: 'InvalidStateError' }));
  expect(late.getTracks().map(({ readyState }) => readyState)).toEqual(['ended', 'ended']);
  expect(await preview.open()).toBe(stream);
});

test('a permission that comes after 40 s opens the devices, and takes the words back', async () => {
  const timers = createManualTimers();
  const said: boolean[] = [];
  const preview = createPreview(() => {}, { timers, onWaiting: (waiting) => said.push(waiting) });
  const { getUserMedia } = navigator.mediaDevices;
  let allow: () => void = () => {};
  navigator.mediaDevices.getUserMedia = async (wish) => {
    await new Promise<void>((resolve) => (allow = resolve));
    return getUserMedia(wish);
  };
  const opening = preview.open();
  await settle();
  await timers.advance(40_000);
  allow();
  expect((await opening).active).toBe(true);
  expect(said).toEqual([true, false]);
});

test('a list of devices that fails or never comes: the devices in use are listed', async () => {
  vi.useFakeTimers();
  const track = (deviceId: string) => ({ label: `the ${deviceId}`, getSettings: () => ({ deviceId }) });
  const [camera, microphone] = [track('c'), track('m')];
  const stream = { getVideoTracks: () => [camera], getAudioTracks: () => [microphone] } as unknown as MediaStream;
  for (const enumerateDevices of [never, refused('NotAllowedError')]) {
    vi.stubGlobal('navigator', { mediaDevices: { enumerateDevices } });
    const listing = listDevices(stream);
    await vi.advanceTimersByTimeAsync(3000);
    expect(await listing).toEqual({
      ...{ cameras: [{ id: 'c', label: 'the c' }], microphones: [{ id: 'm', label: 'the m' }] },
      ...{ cameraId: 'c', microphoneId: 'm' },
    });
  }
  vi.useRealTimers();
});

test.each([
  ['a page of plain HTTP', false, 'SecurityError'],
  ['the browser of an app that gives pages no camera', true, 'NotSupportedError'],
])('%s: %s, %s', async (_, isSecureContext, name) => {
  vi.stubGlobal('isSecureContext', isSecureContext);
  vi.stubGlobal('navigator', {});
  await expect(openDevices()).rejects.toThrow(expect.objectContaining({ name }));
});

test('a secure page whose devices are refused for its own sake was not allowed to open them', async () => {
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia: async () => refused('SecurityError')() } });
  await expect(openDevices()).rejects.toThrow(expect.objectContaining({ name: 'NotAllowedError' }));
});

test('the lines of a camera’s largest picture, upright or not', () => {
  const withCamera = (camera: object) => ({ getVideoTracks: () => [camera] }) as unknown as MediaStream;
  const upright = { getCapabilities: () => ({ width: { max: 720 }, height: { max: 1280 } }) };
  expect([withCamera(upright), withCamera({})].map(cameraLines)).toEqual([720, Number.POSITIVE_INFINITY]);
});

test('for a voice alone the camera is never asked for, also where the chosen microphone is busy', async () => {
  busy = ['m1'];
  const preview = createPreview(() => {});
  preview.choose({ cameraId: 'c1', microphoneId: 'm1', voiceAlone: true });
  await preview.open();
  expect(asked).toEqual(['none/m1', 'none/any']);
  preview.choose({ voiceAlone: false });
  expect(preview.chosen()).toEqual({ cameraId: 'c1', microphoneId: 'm1' });
  busy = [];
  await preview.open();
  expect(asked.at(-1)).toBe('c1/m1');
});
