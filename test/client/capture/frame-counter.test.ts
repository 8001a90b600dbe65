import { afterEach, expect, test, vi } from 'vitest';
import { countFrames } from '../../../client/capture/frame-counter.ts';
import { FakeTrack, fakeStream } from '../../support/browser/fake-stream.ts';

afterEach(() => vi.unstubAllGlobals());

/** A page whose video elements play as `video` says. */
function stubPage(video: object): void {
  vi.stubGlobal('document', { createElement: () => ({ play: async () => {}, pause() {}, ...video }) });
  vi.stubGlobal('MediaStream', class {});
}

test('the track counts where it can', () => {
  const stats = { deliveredFrames: 7 };
  const counter = countFrames(fakeStream(Object.assign(new FakeTrack('video'), { stats })));
  expect(counter.count()).toBe(7);
  stats.deliveredFrames = 9;
  expect(counter.count()).toBe(9);
});

test('else a video element counts, from its first picture on', () => {
  const quality = { totalVideoFrames: 0 };
  const video = { paused: false, getVideoPlaybackQuality: () => quality };
  stubPage(video);
  const counter = countFrames(fakeStream(new FakeTrack('video')));
  expect(counter.count()).toBeNull();
  quality.totalVideoFrames = 3;
  expect(counter.count()).toBe(3);
  counter.close();
});

test.each([
  ['no such call', {}],
  ['an element that does not play', { paused: true, getVideoPlaybackQuality: () => ({ totalVideoFrames: 3 }) }],
  ['a play that throws', { play: () => undefined, paused: false }],
])('a browser with %s counts nothing, and nothing is thrown', (_, video) => {
  stubPage(video);
  const counter = countFrames(fakeStream(new FakeTrack('video')));
  expect(counter.count()).toBeNull();
  expect(() => counter.close()).not.toThrow();
  expect(countFrames(fakeStream(new FakeTrack('audio'))).count()).toBeNull();
});
