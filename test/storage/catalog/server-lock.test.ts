import { expect, test } from 'vitest';
import { openStorage } from '../../../storage/index.ts';
import { temporaryFolder } from '../../support/server/server.ts';

test('where a server is reached is known from its own word alone, not from that of the one before it', async () => {
  const { path: dataDir, remove } = await temporaryFolder();
  const command = await openStorage({ dataDir });
  try {
    const before = await openStorage({ dataDir });
    before.claim();
    await before.announce('https://before.example');
    expect(await command.serverOrigin()).toBe('https://before.example');
    await before.close();
    expect(await command.serverOrigin()).toBeNull();

    const starting = await openStorage({ dataDir });
    starting.claim();
    expect(await command.serverOrigin()).toBeNull();
    await starting.announce('https://now.example');
    expect(await command.serverOrigin()).toBe('https://now.example');
    await starting.close();
  } finally {
    await command.close();
    await remove();
  }
});
