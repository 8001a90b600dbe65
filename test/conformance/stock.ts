/** Stock @tus/server with @tus/file-store, set up as in their documentation. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { temporaryFolder } from '../support/server/server.ts';

/** Starts it on a free port of 127.0.0.1, with every extension that it has and a size limit. */
export async function openStock({ maxSize }: { maxSize: number }): Promise<{ url: string; close(): Promise<void> }> {
  const folder = await temporaryFolder();
  const datastore = new FileStore({ directory: folder.path, expirationPeriodInMilliseconds: 7 * 86_400_000 });
  const server = new Server({ path: '/files', datastore, maxSize }).listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/files`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await folder.remove();
    },
  };
}
