/** A take whose sound goes ahead: two recorders, and an answer that needs only its own. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LADDER, SOUND_AHEAD_BITS_PER_SECOND, type TakeQuality } from '../../../client/capture/quality.ts';
import { startTake, type TakeEnd } from '../../../client/interview/take.ts';
import { FakeRecorder } from '../../support/browser/fake-recorder.ts';
import { FakeTrack, fakeStream } from '../../support/browser/fake-stream.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

const [LOWEST] = LADDER as [TakeQuality];
/** The kinds of the tracks of each stream that was made, in order. */
let made: string[][] = [];

beforeEach(() => {
  made = [];
  FakeRecorder.reset();
  vi.stubGlobal('MediaRecorder', FakeRecorder);
  vi.stubGlobal('MediaStream', function MediaStream(tracks: FakeTrack[]) {
    made.push(tracks.map(({ kind }) => kind));
    return fakeStream(...tracks);
  });
});
afterEach(() => vi.unstubAllGlobals());

async function open({ soundAhead = true, goesOn = true } = {}) {
  const [camera, microphone] = [new FakeTrack('video'), new FakeTrack('audio')];
  const said: string[] = [];
  const ends: TakeEnd[] = [];
  const text = (data: ArrayBuffer) => new TextDecoder().decode(data);
  let bytes = 0;
  const take = await startTake({
    queue: {
      create: async () => ({}) as never,
      append: async (_takeId, data) => {
        said.push(`answer ${text(data)}`);
        bytes += data.byteLength;
        return bytes;
      },
      beginSound: ({ question, mimeType }) => {
        said.push(`sound of question ${question}, ${mimeType}`);
        return {
          append: async (data) => {
            if (!goesOn) throw new Error('no further');
            said.push(`sound ${text(data)}`);
          },
          expectEnd: () => said.push('sound stops'),
          end: async () => void said.push('sound ends'),
        };
      },
    },
    stream: fakeStream(camera, microphone),
    question: 3,
    quality: { ...LOWEST, ...(soundAhead && { soundAhead }) },
    mimeTypes: ['video/webm'],
    onEnd: (end) => ends.push(end),
    timers: createManualTimers(),
  });
  const [answer, sound] = FakeRecorder.made as [FakeRecorder, FakeRecorder];
  return { take, said, ends, answer, sound, camera };
}

test('the sound is recorded once more and sent, and both sounds together take no more of the link than one', async () => {
  const { take, said, ends, answer, sound } = await open();
  expect(made).toEqual([['audio']]);
  expect(sound.options.audioBitsPerSecond).toBe(SOUND_AHEAD_BITS_PER_SECOND);
  expect(answer.options.audioBitsPerSecond).toBe(LOWEST.audioBitsPerSecond - SOUND_AHEAD_BITS_PER_SECOND);
  answer.deliver('picture');
  await settle();
  sound.deliver('hello');
  await settle();
  take.stop();
  await settle();
  expect(said.slice(0, 5)).toEqual([
    ...['sound of question 3, audio/webm;codecs=opus', 'answer picture', 'sound hello'],
    ...['sound stops', 'sound ends'],
  ]);
  expect(ends).toMatchObject([{ reason: 'stop', keptBytes: 7 }]);
});

test('on a link that carries the answer, and in a browser that records no sound alone, there is one recorder', async () => {
  await open({ soundAhead: false });
  FakeRecorder.supported = (type) => type.startsWith('video/');
  await open();
  expect(FakeRecorder.made.map(({ options }) => options.audioBitsPerSecond)).toEqual([
    ...[LOWEST.audioBitsPerSecond, LOWEST.audioBitsPerSecond],
  ]);
});

test.each([
  ['refuses to start', () => {}],
  ['fails', (sound: FakeRecorder) => sound.fail()],
  ['records what cannot be sent', (sound: FakeRecorder) => sound.deliver('hello')],
])('a second recorder that %s leaves the answer as it is', async (how, happen) => {
  if (how === 'refuses to start') FakeRecorder.disorder = { refuses: (type) => type.startsWith('audio/') };
  const { take, ends, answer, sound } = await open({ goesOn: false });
  happen(sound);
  await settle();
  expect(sound.state, 'it runs no more').toBe('inactive');
  expect([answer.state, ends]).toEqual(['recording', []]);
  answer.deliver('picture');
  await settle();
  take.stop();
  await settle();
  expect(ends).toMatchObject([{ reason: 'stop', keptBytes: 7 }]);
});

test('an answer that ends by itself ends the second recorder, too', async () => {
  const { ends, sound, answer } = await open();
  answer.fail();
  await settle();
  expect([ends.map(({ reason }) => reason), sound.state]).toEqual([['error'], 'inactive']);
});
