/**
 * The contract of every spool, as plain cases without a test runner, so that they run in Node and inside a real browser
 * alike. Each case throws where the spool breaks the contract.
 */
import type { DurableSpool, Spool } from '../../../client/spool/spool.ts';

/** Opens a spool; a `durable` one that was closed holds the same takes when it is opened by the same name again. */
export type OpenSpool = (name: string) => Promise<Spool>;

/** One case of the contract. */
export interface SpoolCase {
  name: string;
  run: () => Promise<void>;
}

const TAKE = { takeId: 'a', folder: 'one', question: 1, mimeType: 'video/webm', startedAt: '2026-01-02T00:00:00.000Z' };

/** The cases; `durable` adds those of a spool that outlives its page. */
export function spoolContract(open: OpenSpool, { durable = false } = {}): SpoolCase[] {
  const cases: SpoolCase[] = [];
  const add = (name: string, run: (spool: Spool) => Promise<void>) =>
    cases.push({
      name,
      async run() {
        const spool = await open(name);
        try {
          await run(spool);
        } finally {
          for (const folder of ['one', 'two']) await spool.clear(folder);
          spool.close();
        }
      },
    });

  add('a new take is empty and open', async (spool) => {
    const take = await spool.create(TAKE);
    const start = { recordedMs: 0, bytes: 0, ended: false, uploadUrl: null, sentAs: 'a', mismatches: 0 };
    same(take, { ...TAKE, ...start });
    same(await spool.get('a'), take);
    same(await spool.size('a'), 0);
    await rejects(spool.create(TAKE));
    same(await spool.get('b'), null);
    same(await spool.size('b'), 0);
  });

  add('appends keep the order of the calls and resolve to the bytes persisted', async (spool) => {
    await spool.create(TAKE);
    const sizes = await Promise.all([5, 1, 3].map((n, i) => spool.append('a', bytes(n, i), i * 500)));
    same(sizes, [5, 6, 9]);
    same(await read(spool, 0, 9), [0, 1, 2, 3, 4, 10, 20, 21, 22]);
    same((await spool.get('a'))?.recordedMs, 1000);
  });

  add('an empty chunk leaves no gap and hides no later one', async (spool) => {
    await spool.create(TAKE);
    await spool.append('a', bytes(2, 0), 1);
    same(await spool.append('a', bytes(0, 0), 2), 2);
    same(await spool.append('a', bytes(2, 1), 3), 4);
    same(await read(spool, 0, 4), [0, 1, 10, 11]);
  });

  add('reads exactly the bytes asked for, across chunks', async (spool) => {
    await spool.create(TAKE);
    const all: number[] = [];
    for (let i = 0; i < 12; i++) {
      const chunk = bytes((i % 4) + 1, i);
      all.push(...new Uint8Array(chunk));
      await spool.append('a', chunk, i);
    }
    for (let start = 0; start <= all.length; start++) {
      for (let end = start; end <= all.length; end++) same(await read(spool, start, end), all.slice(start, end));
    }
    await rejects(spool.read('a', 0, all.length + 1));
    await rejects(spool.read('a', all.length, all.length + 1));
    await rejects(spool.read('b', 0, 1));
  });

  add('an ended take accepts no chunk', async (spool) => {
    await spool.create(TAKE);
    await spool.append('a', bytes(3, 0), 500);
    await spool.end('a');
    await rejects(spool.append('a', bytes(1, 0), 600));
    same([(await spool.get('a'))?.ended, await spool.size('a')], [true, 3]);
    await rejects(spool.append('b', bytes(1, 0), 1));
  });

  add('calls the listener of a take after it grew and after it ended', async (spool) => {
    await spool.create(TAKE);
    await spool.create({ ...TAKE, takeId: 'b' });
    const emitted: [number, boolean][] = [];
    const stop = spool.subscribe('a', (take) => emitted.push([take.bytes, take.ended]));
    await spool.append('a', bytes(2, 0), 1);
    await spool.append('b', bytes(9, 0), 1);
    await spool.end('a');
    stop();
    await spool.end('a');
    same(emitted, [
      [2, false],
      [2, true],
    ]);
  });

  add('keeps the URL of the upload, and the new takeId after a mismatch', async (spool) => {
    await spool.create(TAKE);
    await spool.setUploadUrl('a', 'http://x/1');
    same((await spool.get('a'))?.uploadUrl, 'http://x/1');
    await spool.renew('a', 'a2');
    const take = await spool.get('a');
    same([take?.takeId, take?.sentAs, take?.uploadUrl, take?.mismatches], ['a', 'a2', null, 1]);
    await spool.setUploadUrl('b', 'http://x/2');
    same(await spool.get('b'), null);
    await rejects(spool.renew('b', 'b2'));
  });

  add('lists a session, oldest first, forgets a take and clears a session', async (spool) => {
    await spool.create({ ...TAKE, takeId: 'x', startedAt: '2026-01-03T00:00:00.000Z' });
    await spool.create({ ...TAKE, takeId: 'y', startedAt: '2026-01-01T00:00:00.000Z' });
    await spool.create({ ...TAKE, takeId: 'z', folder: 'two' });
    await spool.append('x', bytes(3, 0), 1);
    await spool.append('z', bytes(3, 0), 1);
    const ids = async (folder: string) => (await spool.list(folder)).map((take) => take.takeId);
    same(await ids('one'), ['y', 'x']);
    await spool.forget('y');
    await spool.forget('unknown');
    same(await ids('one'), ['x']);
    await spool.clear('one');
    same([await ids('one'), await ids('two')], [[], ['z']]);
    await rejects(spool.read('x', 0, 1));
    await spool.create({ ...TAKE, takeId: 'x' });
    same(await spool.size('x'), 0);
  });

  if (durable) {
    const name = 'keeps the take when it is closed and opened again';
    cases.push({
      name,
      async run() {
        const first = await open(name);
        await first.clear('one');
        await first.create(TAKE);
        await first.append('a', bytes(3, 1), 500);
        const before = await first.get('a');
        first.close();
        const again = await open(name);
        same(await again.get('a'), before);
        same(await read(again, 0, 3), [10, 11, 12]);
        const lastByteAt = Date.parse(TAKE.startedAt) + 500;
        same(await (again as DurableSpool).sessions(), [{ folder: 'one', lastByteAt }]);
        await again.clear('one');
        again.close();
      },
    });
  }
  return cases;

  async function read(spool: Spool, start: number, end: number): Promise<number[]> {
    return [...new Uint8Array(await spool.read('a', start, end))];
  }
}

function bytes(length: number, seed: number): ArrayBuffer {
  return Uint8Array.from({ length }, (_, i) => seed * 10 + i).buffer;
}

function same(actual: unknown, expected: unknown): void {
  const [a, b] = [stable(actual), stable(expected)];
  if (a !== b) throw new Error(`expected ${b}, got ${a}`);
}

/** JSON with the keys of records in one order. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

async function rejects(promise: Promise<unknown>): Promise<void> {
  const refused = await promise.then(
    () => false,
    () => true,
  );
  if (!refused) throw new Error('expected a rejection');
}
