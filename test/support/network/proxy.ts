/**
 * An HTTP proxy for fault tests: it passes requests on, and can respond by itself as proxies on the way do. It stands
 * beside the network because it reads and writes HTTP messages, where the network knows only bytes and connections.
 */
import { type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A response that the proxy sends in the server's place. */
export interface Override {
  readonly status: number;
  /** Default `text/html`, with a page as the body; other types have no body. */
  readonly contentType?: string;
  readonly retryAfterSeconds?: number;
  /** True: the request still reaches the server, and only the server's response is lost. */
  readonly afterServer?: boolean;
  /** The requests that it replaces; all by default. */
  readonly of?: (request: { method: string; bytes: number }) => boolean;
}

/** A response of the server that came through the proxy. */
interface PassedResponse {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** `Upload-Metadata` of the request. */
  readonly metadata: string | null;
  readonly location: string | null;
}

/** An open proxy. */
export interface FaultyProxy {
  readonly port: number;
  /** Every response of the server, in order; also those that an override replaced. */
  readonly responses: readonly PassedResponse[];
  /** Starts an override, in favour of those started before. `count`: the requests it was sent to. */
  override(override: Override): { count(): number; end(): void };
  close(): Promise<void>;
}

const page = '<!doctype html><title>Not now</title><h1>The gateway has no answer</h1>';

/**
 * Opens a proxy on a free port of 127.0.0.1. A server that can't be reached is a reset for the client.
 * @param options.to the port of the server on this machine, asked for each request; null while no server runs
 */
export async function openProxy({ to }: { to: () => number | null }): Promise<FaultyProxy> {
  const responses: PassedResponse[] = [];
  const upstreams = new Set<ClientRequest>();
  const overrides: Array<Override & { count: number }> = [];

  function replace(response: ServerResponse, override: Override & { count: number }): void {
    const { status, contentType = 'text/html', retryAfterSeconds } = override;
    override.count++;
    if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
    response.writeHead(status, { 'Content-Type': contentType }).end(contentType === 'text/html' ? page : '');
  }

  function record({ method = '', url: path = '', headers }: IncomingMessage, response: IncomingMessage): void {
    responses.push({
      ...{ method, path, status: response.statusCode ?? 0 },
      metadata: headers['upload-metadata']?.toString() ?? null,
      location: response.headers.location ?? null,
    });
  }

  const server = createServer((sent, response) => {
    const { method = '', url: path = '' } = sent;
    const bytes = Number(sent.headers['content-length'] ?? 0);
    const active = overrides.findLast(({ of = () => true }) => of({ method, bytes }));
    if (active && !active.afterServer) {
      sent.resume();
      replace(response, active);
      return;
    }
    const port = to();
    if (port === null) return void sent.socket.resetAndDestroy();
    const upstream = request({ host: '127.0.0.1', port, method, path, headers: sent.headers, agent: false });
    upstreams.add(upstream);
    upstream.on('close', () => upstreams.delete(upstream));
    upstream.on('response', (received) => {
      record(sent, received);
      if (active) {
        received.resume();
        replace(response, active);
        return;
      }
      response.writeHead(received.statusCode ?? 502, received.rawHeaders.length > 0 ? received.headers : {});
      received.pipe(response);
      received.on('error', () => response.destroy());
    });
    upstream.on('error', () => response.socket?.resetAndDestroy());
    sent.on('error', () => upstream.destroy());
    response.on('close', () => response.writableFinished || upstream.destroy());
    sent.pipe(upstream);
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    responses,
    override(wanted) {
      const active = { ...wanted, count: 0 };
      overrides.push(active);
      return { count: () => active.count, end: () => void overrides.splice(overrides.indexOf(active), 1) };
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const upstream of upstreams) upstream.destroy();
      server.closeAllConnections();
      await closed;
    },
  };
}
