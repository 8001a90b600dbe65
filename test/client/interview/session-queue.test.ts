import { expect, test } from 'vitest';
import { createSessionQueue } from '../../../client/interview/session-queue.ts';
import type { UploadQueue } from '../../../client/upload/upload-queue.ts';

const target = { folder: 'folder', uploadEndpoint: '/files' };
const take = { takeId: 'a', question: 1, recordedMs: 1, refused: false };

test('before the session is open nothing is unsent, and no take is accepted', () => {
  const queue = createSessionQueue(() => Promise.reject(new Error('not asked')) as never);
  queue.retryNow();
  queue.enterGate('a');
  expect([queue.unsent(), queue.status()]).toMatchObject([[], { takeId: null, takes: [], gate: [], quietMs: 0 }]);
  expect(() => queue.append('a', new ArrayBuffer(1), 1)).toThrow('not open');
});

test('a session that is opened again keeps its queue', async () => {
  const did: string[] = [];
  const queue = createSessionQueue(({ folder }) => {
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
  await queue.open(target);
  await queue.open({ ...target, folder: 'another' });
  queue.retryNow();
  expect([did, queue.unsent()]).toEqual([['created for folder', 'recovered', 'recovered', 'retried'], [take]]);
});
