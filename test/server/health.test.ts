import { rename, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openApp } from '../support/server.ts';
import { refusalOf } from '../support/tus.ts';

test('up and ready', async () => {
  const app = await openApp();
  try {
    for (const path of ['/healthz', '/readyz']) {
      const response = await fetch(app.url + path);
      expect([response.status, await response.json()]).toEqual([200, { ok: true }]);
    }
  } finally {
    await app.close();
  }
});

test('below the disk’s floor it is up and not ready: 503 with the reason and Retry-After', async () => {
  const app = await openApp({ config: { minFreeBytes: 1e15 } });
  try {
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
    const response = await fetch(`${app.url}/readyz`);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    const refusal = await refusalOf(response);
    expect(refusal).toMatchObject({ status: 503, code: 'unavailable' });
    expect(refusal.detail).toMatch(/\d+ bytes are free on the disk; the floor is 1000000000000000/);
  } finally {
    await app.close();
  }
});

test('without its folders it is not ready, and it is again when they are back', async () => {
  const app = await openApp();
  try {
    for (const name of ['uploads', 'sessions']) {
      const folder = `${app.dataDir}/${name}`;
      await rename(folder, `${folder}.away`);
      const refusal = await refusalOf(await fetch(`${app.url}/readyz`));
      expect(refusal).toMatchObject({ status: 503, code: 'unavailable' });
      expect(refusal.detail).not.toContain(app.dataDir);
      await writeFile(folder, 'in the way');
      await rm(folder);
      await rename(`${folder}.away`, folder);
      expect((await fetch(`${app.url}/readyz`)).status).toBe(200);
    }
  } finally {
    await app.close();
  }
});
