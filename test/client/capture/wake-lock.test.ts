import { expect, test } from 'vitest';
import { createWakeLock } from '../../../client/capture/wake-lock.ts';
import { settle } from '../../support/manual-timers.ts';

class Sentinel extends EventTarget {
  released = false;
  async release(): Promise<void> {
    this.released = true;
    this.dispatchEvent(new Event('release'));
  }
}

class FakeDocument extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';
}

function setUp({ refuse = false } = {}) {
  const sentinels: Sentinel[] = [];
  const device = { refuse };
  const document = new FakeDocument();
  const lock = createWakeLock({
    document: document as unknown as Document,
    wakeLock: {
      async request() {
        if (device.refuse) throw new DOMException('low battery', 'NotAllowedError');
        sentinels.push(new Sentinel());
        return sentinels.at(-1) as unknown as WakeLockSentinel;
      },
    },
  });
  /** The browser releases the lock of a hidden page. */
  const show = async (visibilityState: DocumentVisibilityState) => {
    document.visibilityState = visibilityState;
    if (visibilityState === 'hidden') for (const each of sentinels) if (!each.released) await each.release();
    document.dispatchEvent(new Event('visibilitychange'));
    await settle();
  };
  const held = () => sentinels.filter(({ released }) => !released).length;
  return { lock, sentinels, device, show, held };
}

test('the lock is held once however often it is requested, and released', async () => {
  const { lock, held, sentinels } = setUp();
  lock.hold();
  lock.hold();
  await settle();
  lock.hold();
  await settle();
  expect(held()).toBe(1);
  lock.release();
  await settle();
  expect(held()).toBe(0);
  expect(sentinels).toHaveLength(1);
});

test('a page that comes back from the background holds the lock again, unless it was released', async () => {
  const { lock, held, show } = setUp();
  lock.hold();
  await settle();
  await show('hidden');
  expect(held()).toBe(0);
  await show('visible');
  expect(held()).toBe(1);
  lock.release();
  await settle();
  await show('hidden');
  await show('visible');
  expect(held()).toBe(0);
});

test('a lock that is released before the browser grants it is released as soon as it is granted', async () => {
  const { lock, held } = setUp();
  lock.hold();
  lock.release();
  await settle();
  expect(held()).toBe(0);
});

test('a refused lock is requested again when the page is shown, without an error', async () => {
  const { lock, held, device, show } = setUp({ refuse: true });
  lock.hold();
  await settle();
  expect(held()).toBe(0);
  device.refuse = false;
  await show('visible');
  expect(held()).toBe(1);
});

test('a browser without wake locks changes nothing', () => {
  const lock = createWakeLock({ wakeLock: undefined, document: new FakeDocument() as unknown as Document });
  lock.hold();
  lock.release();
});

test('a browser whose call throws leaves the recording alone', () => {
  const document = new FakeDocument() as unknown as Document;
  const request = () => {
    throw new TypeError('not here');
  };
  expect(() => createWakeLock({ document, wakeLock: { request } }).hold()).not.toThrow();
});
