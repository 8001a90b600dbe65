// An HTTP proxy for fault tests: it passes requests on until it is told to answer by itself, as proxies on the way do.
import { type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the proxy says instead of the server. */
export interface Spell {
  readonly status: number;
  /** Default `text/html`, with a page in it. */
  readonly contentType?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  /** The request reaches the server all the same: only its answer is lost. */
  readonly late?: boolean;
  /** Requests it speaks to; default: all. */
  readonly to?: (method: string, path: string) => boolean;
}

/** An answer that passed through. */
export interface Passed {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly metadata: string | null;
  readonly location: string | null;
}

export interface FaultyProxy {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Every answer of the server, lost ones too. */
  readonly passed: readonly Passed[];
  /** From now on, over those cast before. `told`: requests it has answered. */
  cast(spell: Spell): { told(): number; end(): void };
  close(): Promise<void>;
}

const page = '<!doctype html><title>Not now</title><h1>The gateway has no answer</h1>';

/** Opens a proxy on a free port of 127.0.0.1. A server that can't be reached is a reset for the client. */
export async function openProxy({ to }: { to: { host: string; port: number } }): Promise<FaultyProxy> {
  const passed: Passed[] = [];
  const upstreams = new Set<ClientRequest>();
  const spells: Array<Spell & { told: number }> = [];

  function speak(response: ServerResponse, spell: Spell & { told: number }): void {
    const { status, contentType = 'text/html', retryAfter } = spell;
    spell.told++;
    if (retryAfter !== undefined) response.setHeader('Retry-After', String(retryAfter));
    response.writeHead(status, { 'Content-Type': contentType }).end(contentType === 'text/html' ? page : '');
  }

  function note(sent: IncomingMessage, answer: IncomingMessage): void {
    const { method = '', url: path = '', headers } = sent;
    passed.push({
      ...{ method, path, status: answer.statusCode ?? 0 },
      metadata: headers['upload-metadata']?.toString() ?? null,
      location: answer.headers.location ?? null,
    });
  }

  const server = createServer((sent, response) => {
    const { method = '', url: path = '' } = sent;
    const mine = spells.findLast(({ to: meant }) => meant?.(method, path) !== false);
    if (mine && !mine.late) {
      sent.resume();
      speak(response, mine);
      return;
    }
    const upstream = request({ ...to, method, path, headers: sent.headers, agent: false });
    upstreams.add(upstream);
    upstream.on('close', () => upstreams.delete(upstream));
    upstream.on('response', (answer) => {
      note(sent, answer);
      if (mine) {
        answer.resume();
        speak(response, mine);
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders.length > 0 ? answer.headers : {});
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    upstream.on('error', () => response.socket?.resetAndDestroy());
    sent.on('error', () => upstream.destroy());
    response.on('close', () => response.writableFinished || upstream.destroy());
    sent.pipe(upstream);
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    passed,
    cast(spell) {
      const mine = { ...spell, told: 0 };
      spells.push(mine);
      return { told: () => mine.told, end: () => void spells.splice(spells.indexOf(mine), 1) };
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const upstream of upstreams) upstream.destroy();
      server.closeAllConnections();
      await closed;
    },
  };
}
