import { expect, test } from 'vitest';
import { type DeviceState, watchDevices } from '../../../client/capture/device-watch.ts';

class FakeTrack extends EventTarget {
  muted = false;
  readyState: MediaStreamTrackState = 'live';
  become(change: { muted?: boolean; readyState?: MediaStreamTrackState }, event: string): void {
    Object.assign(this, change);
    this.dispatchEvent(new Event(event));
  }
}

class FakeDocument extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';
  become(visibilityState: DocumentVisibilityState): void {
    this.visibilityState = visibilityState;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

function setUp(visibilityState: DocumentVisibilityState = 'visible', muted = false) {
  const [camera, microphone] = [new FakeTrack(), new FakeTrack()];
  microphone.muted = muted;
  const document = new FakeDocument();
  document.visibilityState = visibilityState;
  const clock = { ms: 0 };
  const reported: DeviceState[] = [];
  const watch = watchDevices({
    stream: { getTracks: () => [camera, microphone] as unknown as MediaStreamTrack[] },
    document: document as unknown as Document,
    onChange: (state) => reported.push(state),
    now: () => clock.ms,
  });
  return { camera, microphone, document, clock, reported, watch };
}

test('a call takes the microphone and gives it back: both are reported', () => {
  const { microphone, reported } = setUp();
  microphone.become({ muted: true }, 'mute');
  microphone.become({ muted: false }, 'unmute');
  expect(reported.map(({ muted }) => muted)).toEqual([true, false]);
});

test('muted is one state of both tracks: the second is not reported, and one track that returns does not end it', () => {
  const { camera, microphone, reported } = setUp();
  microphone.become({ muted: true }, 'mute');
  camera.become({ muted: true }, 'mute');
  microphone.become({ muted: false }, 'unmute');
  expect(reported).toHaveLength(1);
  camera.become({ muted: false }, 'unmute');
  expect(reported.map(({ muted }) => muted)).toEqual([true, false]);
});

test('a track that ends while it is muted is no longer muted: the recorder reports its end', () => {
  const { microphone, watch } = setUp();
  microphone.become({ muted: true }, 'mute');
  microphone.become({ readyState: 'ended' }, 'ended');
  expect(watch.state().muted).toBe(false);
});

test('the time in the background adds up, also while it lasts', () => {
  const { document, clock, reported, watch } = setUp();
  clock.ms = 1000;
  document.become('hidden');
  clock.ms = 4000;
  expect(watch.state()).toEqual({ muted: false, hidden: true, wasHiddenMs: 3000, wasMutedMs: 0 });
  document.become('visible');
  clock.ms = 9000;
  document.become('hidden');
  clock.ms = 9500;
  document.become('visible');
  expect(reported.map(({ hidden, wasHiddenMs }) => [hidden, wasHiddenMs])).toEqual([
    [true, 0],
    [false, 3000],
    [true, 3000],
    [false, 3500],
  ]);
});

test('a page that begins in the background counts from there', () => {
  const { clock, document, watch } = setUp('hidden');
  clock.ms = 700;
  document.become('visible');
  expect(watch.state()).toEqual({ muted: false, hidden: false, wasHiddenMs: 700, wasMutedMs: 0 });
});

test('the time in which a track delivered nothing adds up, also while it lasts, and from before the watch', () => {
  const { camera, microphone, clock, watch } = setUp();
  const muted = setUp('visible', true);
  clock.ms = 1000;
  microphone.become({ muted: true }, 'mute');
  clock.ms = 3000;
  camera.become({ muted: true }, 'mute');
  clock.ms = 4000;
  expect(watch.state()).toMatchObject({ muted: true, wasMutedMs: 3000 });
  microphone.become({ muted: false }, 'unmute');
  camera.become({ muted: false }, 'unmute');
  clock.ms = 9000;
  expect(watch.state()).toMatchObject({ muted: false, wasMutedMs: 3000 });
  muted.clock.ms = 500;
  expect(muted.watch.state()).toMatchObject({ muted: true, wasMutedMs: 500 });
  expect(muted.reported).toEqual([]);
});

test('after close nothing is reported', () => {
  const { microphone, document, reported, watch } = setUp();
  watch.close();
  microphone.become({ muted: true }, 'mute');
  document.become('hidden');
  expect(reported).toEqual([]);
});
