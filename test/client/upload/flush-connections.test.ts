import { expect, test } from 'vitest';
import { FLUSH_LIMIT_MS, flushConnections } from '../../../client/upload/flush-connections.ts';
import { createManualTimers, settle } from '../../support/manual-timers.ts';

/**
 * A network in which the first `dead` requests are sent over dead connections, which stay dead until they are aborted.
 */
function open({ dead, refused = 0 }: { dead: number; refused?: number }) {
  const timers = createManualTimers();
  const asked: string[] = [];
  let aborted = 0;
  const fetch = (url: string, { method, signal }: RequestInit): Promise<Response> => {
    asked.push(`${method} ${url}`);
    if (asked.length <= dead) {
      return new Promise((_, reject) =>
        signal?.addEventListener('abort', () => {
          aborted += 1;
          reject(new DOMException('', 'AbortError'));
        }),
      );
    }
    if (asked.length <= dead + refused) return Promise.reject(new TypeError('Failed to fetch'));
    return Promise.resolve(new Response(null, { status: 503 }));
  };
  const outer = new AbortController();
  const found = flushConnections({
    fetch: fetch as typeof globalThis.fetch,
    endpoint: '/files',
    timers,
    signal: outer.signal,
  });
  return { found, timers, outer, asked, aborted: () => aborted };
}

test('after five dead connections the sixth request is responded to, and the dead ones are closed', async () => {
  const { found, asked, aborted, timers } = open({ dead: 5 });
  expect(await found).toBe(true);
  await settle();
  expect([asked, aborted()]).toEqual([Array(6).fill('OPTIONS /files'), 5]);
  expect(timers.pending()).toBe(0);
});

test('where all connections are dead they are given up, and the next request opens another one', async () => {
  const { found, timers, aborted } = open({ dead: 6 });
  await timers.advance(FLUSH_LIMIT_MS - 1);
  expect(aborted()).toBe(0);
  await timers.advance(1);
  expect(await found).toBe(false);
  expect(aborted()).toBe(6);
});

test('without a network it ends at once', async () => {
  expect(await open({ dead: 0, refused: 6 }).found).toBe(false);
});

test('a pause of the upload ends it', async () => {
  const { found, outer, aborted } = open({ dead: 6 });
  outer.abort();
  expect(await found).toBe(false);
  expect(aborted()).toBe(6);
});
