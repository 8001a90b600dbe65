/** A device whose database opens, is refused, or takes its time; and what the candidate is warned of. */
import { expect, test } from 'vitest';
import {
  forgetOldSessions,
  hasRoom,
  openDeviceSpool,
  storageWarning,
} from '../../../client/interview/device-storage.ts';
import type { DurableSpool } from '../../../client/upload/index.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

const spool = { writable: true } as DurableSpool;

function open({
  opens = Promise.resolve(spool),
  holdsAnswers = false,
}: {
  opens?: Promise<DurableSpool>;
  holdsAnswers?: boolean;
}) {
  const timers = createManualTimers();
  const page = { waits: false, opened: undefined as DurableSpool | null | undefined };
  const onSlow = () => {
    page.waits = true;
  };
  void openDeviceSpool({ open: () => opens, holdsAnswers: () => holdsAnswers, onSlow, timers }).then((opened) => {
    page.opened = opened;
  });
  return { timers, page };
}

test('a database that opens is used, and one that is refused is not', async () => {
  const [opened, refused] = [open({}), open({ opens: Promise.reject(new Error('blocked')), holdsAnswers: true })];
  await settle();
  expect([opened.page, refused.page]).toEqual([
    { waits: false, opened: spool },
    { waits: false, opened: null },
  ]);
});

test('a slow database is left out after 5 s on a device that holds no answers', async () => {
  const { timers, page } = open({ opens: new Promise(() => {}) });
  await timers.advance(4999);
  expect(page.opened).toBeUndefined();
  await timers.advance(1);
  expect(page).toEqual({ waits: false, opened: null });
});

test('a slow database that may hold answers is waited for, and the page says so', async () => {
  let finish: (opened: DurableSpool) => void = () => {};
  const { timers, page } = open({ opens: new Promise((resolve) => (finish = resolve)), holdsAnswers: true });
  await timers.advance(60_000);
  expect(page).toEqual({ waits: true, opened: undefined });
  finish(spool);
  await settle();
  expect(page.opened).toBe(spool);
});

test.each([
  ['a device that keeps nothing', null, 'ready', 'not-kept'],
  ['a device that keeps nothing new', { writable: false }, 'ready', 'not-kept'],
  ['no service worker', spool, 'unsupported', 'no-offline-reload'],
  ['a service worker that is refused', spool, 'refused', 'no-offline-reload'],
  ['a service worker that may come later', spool, 'later', undefined],
  ['all is well', spool, 'ready', undefined],
] as const)('%s', async (_, given, offline, code) => {
  const warning = await storageWarning({ spool: given, offline: Promise.resolve(offline) });
  expect(warning?.code).toBe(code);
});

test.each([
  ['little', 1e6, 1000, false],
  ['less than the answers need', 1e9, 2e9, false],
  ['enough', 1e9, 1000, true],
])('room on the device: %s', async (_, quota, needBytes, room) => {
  expect(await hasRoom({ estimate: async () => ({ quota, usage: 0 }), needBytes })).toBe(room);
});

test('a browser that never says how much room there is holds nothing up', async () => {
  const timers = createManualTimers();
  const room = hasRoom({ estimate: () => new Promise<never>(() => {}), needBytes: 1000, timers });
  await timers.advance(3000);
  expect(await room).toBe(true);
});

test('takes of other sessions leave the device 14 days after their last byte; those of this page, and of an open one, never', async () => {
  const day = 86_400_000;
  const now = 100 * day;
  const ages = { mine: 99, fresh: 14, old: 14.01, older: 60, open: 60, ahead: -3, unreadable: Number.NaN };
  const cleared: string[] = [];
  await forgetOldSessions({
    spool: {
      sessions: async () => Object.entries(ages).map(([folder, days]) => ({ folder, lastByteAt: now - days * day })),
      async clear(folder) {
        cleared.push(folder);
        if (folder === 'old') throw new Error('the store fails');
      },
    },
    current: 'mine',
    whileFree: async (folder, work) => (folder === 'open' ? undefined : work()),
    now: () => now,
  });
  expect(cleared).toEqual(['old', 'older']);
});
