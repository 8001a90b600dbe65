/**
 * Refusals that come before the end of a body pass a real nginx that closes its connections to the server, as it does
 * without `proxy_set_header Connection ""`. Not run where there is no nginx: installing one would start it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/server/server.ts';
import { useApp, useSession } from '../../support/server/use-app.ts';
import { openRequest } from '../../support/tus/raw-connection.ts';
import { recording, until } from '../../support/tus/tus.ts';

const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/bin/nginx'].find((file) => existsSync(file));

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

describe.runIf(nginx)('behind nginx', () => {
  const app = useApp({ config: { maxAnswerBytes: 1_000_000 } });
  const session = useSession(app);
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let proxy: ChildProcess;
  let url: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const port = await findFreePort();
    url = `http://127.0.0.1:${port}`;
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder.path}/${name};`,
    );
    const user = process.getuid?.() === 0 ? 'user root;' : '';
    await writeFile(
      `${folder.path}/nginx.conf`,
      `${user} daemon off; worker_processes 1; pid ${folder.path}/pid; error_log ${folder.path}/error.log;
      events {}
      http {
        access_log off; ${temporary.join(' ')}
        server {
          listen 127.0.0.1:${port};
          client_max_body_size 0;
          location / { proxy_pass ${app.url}; proxy_request_buffering off; }
        }
      }`,
    );
    proxy = spawn(nginx as string, ['-c', `${folder.path}/nginx.conf`, '-e', `${folder.path}/error.log`], {
      stdio: 'ignore',
    });
    const isUp = () =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port }, () => resolve(true)).on('error', () => resolve(false));
        socket.on('connect', () => socket.destroy());
      });
    await until(isUp, 10_000);
  });
  afterAll(async () => {
    proxy.kill('SIGKILL');
    await once(proxy, 'exit');
    await folder.remove();
  });

  /** Sends a body of 600 kB in pieces; resolves to the status that came. */
  async function statusOf(head: string[], everyMs: number): Promise<number | null> {
    const request = await openRequest(url, [...head, 'Content-Length: 600000']);
    const piece = recording(60_000);
    for (let sent = 0; sent < 600_000; sent += piece.length) {
      await request.write(piece).catch(() => {});
      if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    const status = await request.status;
    request.socket.destroy();
    return status;
  }

  test.each([0, 5])('a 409, a 401 and a 413 arrive, with %i ms between the pieces of the body', async (everyMs) => {
    const location = await session.tus.begin();
    const bearer = `Authorization: Bearer ${session.token}`;
    const tus = ['Tus-Resumable: 1.0.0', 'Content-Type: application/offset+octet-stream'];
    const heads: Array<[number, string[]]> = [
      [409, [`PATCH ${location} HTTP/1.1`, bearer, ...tus, 'Upload-Offset: 100']],
      [413, [`PATCH ${location} HTTP/1.1`, bearer, ...tus, 'Upload-Offset: 0', 'Upload-Length: 2000000']],
      [401, ['POST /files HTTP/1.1', 'Authorization: Bearer unknown', ...tus]],
      [401, ['POST /api/uplink HTTP/1.1', 'Authorization: Bearer unknown']],
    ];
    for (const [status, head] of heads) {
      const statuses = await Promise.all(Array.from({ length: 6 }, () => statusOf(head, everyMs)));
      expect(statuses).toEqual(Array(6).fill(status));
    }
  });
});
