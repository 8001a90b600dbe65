import { expect, test } from 'vitest';
import { createSessionQueue } from '../../../client/interview/session-queue.ts';
import type { UploadQueue } from '../../../client/upload/upload-queue.ts';

const target = { folder: 'folder', uploadEndpoint: '/files' };
const take = { takeId: 'a', question: 1, recordedMs: 1, refused: false };

test('before the session is open nothing is unsent, and no take is accepted', async () => {
  const queue = createSessionQueue(() => Promise.reject(new Error('not asked')));
  queue.retryNow();
  queue.enterGate('a');
  expect([queue.unsent(), queue.status()]).toMatchObject([[], { takeId: null, takes: [], gate: [], quietMs: 0 }]);
  expect(() => queue.append('a', new ArrayBuffer(1), 1)).toThrow('not open');
  await expect(queue.create({ ...take, mimeType: '', startedAt: '' })).rejects.toThrow('not open');
});

test('a session that is opened again keeps its queue', async () => {
  const did: string[] = [];
  const queue = createSessionQueue(async ({ folder }) => {
    did.push(`created for ${folder}`);
    return {
      recover: async () => {
        did.push('recovered');
        return [];
      },
      unsent: () => [take],
      retryNow: () => did.push('retried'),
    } as Partial<UploadQueue> as UploadQueue;
  });
  queue.open(target);
  await queue.recover();
  queue.open({ ...target, folder: 'another' });
  await queue.recover();
  queue.retryNow();
  expect([did, queue.unsent()]).toEqual([['created for folder', 'recovered', 'recovered', 'retried'], [take]]);
});

test('an engine that could not be loaded is asked for again by the first take', async () => {
  let asked = 0;
  const queue = createSessionQueue(async () => {
    asked += 1;
    if (asked === 1) throw new Error('the network is gone');
    return { create: async (wanted) => ({ ...wanted, bytes: 0 }) } as Partial<UploadQueue> as UploadQueue;
  });
  queue.open(target);
  await new Promise((resolve) => setImmediate(resolve));
  expect([asked, queue.unsent()]).toEqual([1, []]);
  expect(await queue.create({ ...take, mimeType: '', startedAt: '' })).toMatchObject({ takeId: 'a' });
  expect(asked).toBe(2);
});
