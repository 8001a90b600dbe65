import { expect, test } from 'vitest';
import { mimeTypesToTry } from '../../../client/capture/mime-types.ts';

test.each([
  ['Safari, and every browser on iOS', 'Apple Computer, Inc.', 'video/mp4'],
  ['Chromium', 'Google Inc.', 'video/webm'],
  ['Firefox', '', 'video/webm'],
  ['a browser that does not say', undefined, 'video/webm'],
])('%s records %s first of %s, and the other type where that fails', (_, vendor, first) => {
  const types = mimeTypesToTry('video', vendor).map((type) => type.split(';')[0]);
  expect([types.slice(0, 2), types.slice(2)]).toEqual([
    [first, first],
    first === 'video/mp4' ? Array(2).fill('video/webm') : Array(2).fill('video/mp4'),
  ]);
});

test('sound alone is recorded in the two containers that the server takes', () => {
  expect(new Set(mimeTypesToTry('audio').map((type) => type.split(';')[0]))).toEqual(
    new Set(['audio/webm', 'audio/mp4']),
  );
});
