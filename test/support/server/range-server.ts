/** Files served over HTTP with ranges (RFC 9110, section 14), as a reviewer's page gets them. */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** A server of files on a port of its own. */
export interface RangeServer {
  /** Address of a page with an empty `<video>`. */
  url: string;
  /** Bytes sent of each file, by its name. */
  sent: Map<string, number>;
  close(): Promise<void>;
}

/**
 * Serves files on a port of its own; every other address is the page with the empty `<video>`.
 * @param files absolute paths, by the name in the address
 */
export async function openRangeServer(files: Record<string, string>): Promise<RangeServer> {
  const sent = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const name = (request.url ?? '').slice(1);
    const file = files[name];
    if (!file) {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><video muted></video>');
      return;
    }
    const { size } = statSync(file);
    const [, from = '0', to = ''] = request.headers.range?.match(/^bytes=(\d+)-(\d*)$/) ?? [];
    const [start, end] = [Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1)];
    response.writeHead(206, {
      'Content-Type': name.endsWith('.mp4') ? 'video/mp4' : 'video/webm',
      'Accept-Ranges': 'bytes',
      'Content-Length': String(end - start + 1),
      'Content-Range': `bytes ${start}-${end}/${size}`,
    });
    const body = createReadStream(file, { start, end });
    body.on('data', (chunk) => sent.set(name, (sent.get(name) ?? 0) + chunk.length));
    await pipeline(body, response).catch(() => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    sent,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
