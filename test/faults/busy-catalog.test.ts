/** Another process holds the catalog's lock: the server waits without blocking, and gives up with a 503. */
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../storage/catalog/database.ts';
import { useApp, useSession } from '../support/server/use-app.ts';
import { refusalOf } from '../support/tus/tus.ts';

const app = useApp({ every: 'test' });
const session = useSession(app);
let other: InstanceType<typeof BetterSqlite3>;
beforeEach(() => {
  other = new BetterSqlite3(`${app.dataDir}/tresgo.db`);
  other.exec('begin immediate');
});
afterEach(() => other.close());

test('a write waits for the lock, and everything else continues meanwhile', async () => {
  let written = false;
  const write = session.tus.create().then((response) => {
    written = true;
    return response.status;
  });
  for (let ask = 0; ask < 20; ask++) {
    const startedAt = performance.now();
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(written).toBe(false);
  other.exec('rollback');
  expect(await write).toBe(201);
});

test('it gives up after its patience, however long the queue', async () => {
  other.exec('rollback');
  const db = await openDatabase(`${app.dataDir}/tresgo.db`, { patienceMs: 200 });
  other.exec('begin immediate');
  const startedAt = performance.now();
  const write = () => db.updateTable('tokens').set({ name: 'B' }).execute();
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, write));
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'SQLITE_BUSY' } });
  other.exec('rollback');
  await write();
  await db.destroy();
});

test.each([
  ['SQLITE_BUSY', 503, 'unavailable'],
  ['SQLITE_BUSY_SNAPSHOT', 503, 'unavailable'],
  ['SQLITE_FULL', 507, 'disk-full'],
  ['ENOSPC', 507, 'disk-full'],
])('%s in any route is %i with Retry-After', async (code, status, ours) => {
  other.exec('rollback');
  app.storage.tokens.getBySecret = async () => {
    throw Object.assign(new Error('/secret/path'), { code });
  };
  for (const path of ['/api/verify-token', '/api/session/finish']) {
    const body = JSON.stringify({ token: 'abcd', folder: 'x', questionsCount: 5 });
    const response = await fetch(app.url + path, { method: 'POST', body });
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    const refusal = await refusalOf(response);
    expect(refusal).toMatchObject({ status, code: ours });
    expect(JSON.stringify(refusal)).not.toContain('secret');
  }
});
