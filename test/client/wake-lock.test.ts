import { expect, test } from 'vitest';
import { createWakeLock } from '../../client/wake-lock.ts';
import { settle } from '../support/manual-timers.ts';

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
  /** The browser takes the lock from a hidden page. */
  const show = async (visibilityState: DocumentVisibilityState) => {
    document.visibilityState = visibilityState;
    if (visibilityState === 'hidden') for (const each of sentinels) if (!each.released) await each.release();
    document.dispatchEvent(new Event('visibilitychange'));
    await settle();
  };
  const held = () => sentinels.filter(({ released }) => !released).length;
  return { lock, sentinels, device, show, held };
}

test('held once however often it is asked for, and let go', async () => {
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

test('a page that comes back from the background holds it again, unless it was released', async () => {
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

test('released before the browser has answered, it is let go as soon as it has', async () => {
  const { lock, held } = setUp();
  lock.hold();
  lock.release();
  await settle();
  expect(held()).toBe(0);
});

test('a refusal is silent, and asked again when the page returns', async () => {
  const { lock, held, device, show } = setUp({ refuse: true });
  lock.hold();
  await settle();
  expect(held()).toBe(0);
  device.refuse = false;
  await show('visible');
  expect(held()).toBe(1);
});

test('a browser without wake lock is none the worse', () => {
  const lock = createWakeLock({ wakeLock: undefined, document: new FakeDocument() as unknown as Document });
  lock.hold();
  lock.release();
});
