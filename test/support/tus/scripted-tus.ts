/** A small tus endpoint whose every response a test can replace: the other side of a wire dialogue. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ManualTimers } from '../manual-timers.ts';
import { followRequests, type OnTheWay } from './on-the-way.ts';

/** An upload as the endpoint holds it; `length` is null while deferred. */
export interface ScriptedUpload {
  takeId: string;
  /** Of its creation. */
  metadata: Record<string, string>;
  data: Buffer;
  length: number | null;
}

/** The endpoint, and what a test can see and replace; `fetch` and `httpStack` are for its client. */
export interface ScriptedTus extends Pick<OnTheWay, 'fetch' | 'httpStack'> {
  endpoint: string;
  /** Each request as a line, e.g. `PATCH 65536 +0 length=65536`; bodies are counted as they arrived. */
  log: string[];
  /** In order of creation. */
  uploads: ScriptedUpload[];
  /** Extra headers of a HEAD and of the last PATCH once the upload is whole; the default confirms it. */
  completion: (upload: ScriptedUpload) => Record<string, string>;
  /** Whether responses before the end have `Upload-Complete: ?0`, as those of ours do, and of a stock server do not. */
  statesCompletion: boolean;
  /** Called first; true: it responds by itself, or leaves the request without a response. */
  before: (request: IncomingMessage, response: ServerResponse, upload: ScriptedUpload | undefined) => boolean;
  /** For another server that has this endpoint under `/files`. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /**
   * Whether a response is in progress, or a request or its end is on the way; requests that a test leaves without a response
   * do not count.
   */
  busy(): boolean;
  close(): Promise<void>;
}

/** Starts the endpoint on a port of 127.0.0.1. */
export async function openScriptedTus(): Promise<ScriptedTus> {
  const byPath = new Map<string, ScriptedUpload>();
  let responding = 0;
  const { fetch, httpStack, arrived, isMoving } = followRequests();
  const tus: ScriptedTus = {
    ...{ fetch, httpStack },
    endpoint: '',
    log: [],
    uploads: [],
    completion: confirmation,
    statesCompletion: true,
    before: () => false,
    handle,
    busy: () => responding > 0 || isMoving(),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const { url = '' } = request;
    const method = methodOf(request);
    const upload = byPath.get(url);
    arrived(request, response);
    request.on('error', () => {});
    const line = tus.log.push(lineOf(request)) - 1;
    let body = 0;
    request.on('data', (chunk: Buffer) => {
      body += chunk.length;
      if (method === 'PATCH') tus.log[line] = lineOf(request, body);
    });
    if (tus.before(request, response, upload)) return void request.resume();
    responding += 1;
    response.once('close', () => {
      responding -= 1;
    });
    if (method === 'POST') return void create(request, response);
    const own = { 'Tus-Resumable': '1.0.0' };
    if (!upload) return void response.writeHead(404, own).end();
    if (method === 'HEAD') return void response.writeHead(200, state(upload)).end();
    if (Number(request.headers['upload-offset']) !== upload.data.length) return void response.writeHead(409, own).end();
    const length = request.headers['upload-length'];
    if (length !== undefined) upload.length = Number(length);
    request.on('data', (chunk: Buffer) => {
      upload.data = Buffer.concat([upload.data, chunk]);
    });
    request.on('end', () => response.writeHead(204, state(upload)).end());
  }
  const server = createServer(handle);

  function create(request: IncomingMessage, response: ServerResponse): void {
    const about = metadata(request);
    const takeId = about.takeId ?? '';
    let upload = tus.uploads.find((other) => other.takeId === takeId);
    const path = `/files/${takeId}`;
    if (!upload) {
      upload = { takeId, metadata: about, data: Buffer.alloc(0), length: null };
      tus.uploads.push(upload);
    }
    byPath.set(path, upload);
    response.writeHead(201, { Location: path }).end();
  }

  function state(upload: ScriptedUpload): Record<string, string> {
    const whole = upload.length !== null && upload.length === upload.data.length;
    return {
      'Tus-Resumable': '1.0.0',
      'Upload-Offset': String(upload.data.length),
      ...(upload.length === null ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(upload.length) }),
      ...(whole ? tus.completion(upload) : tus.statesCompletion ? { 'Upload-Complete': '?0' } : {}),
    };
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  tus.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/files`;
  return tus;
}

/** For `before`: sends a response. */
export function respond(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
  body = '',
): true {
  response.writeHead(status, headers).end(body);
  return true;
}

/** For `before`: refuses as our endpoint does. */
export function refuse(
  response: ServerResponse,
  status: number,
  problem: { code?: string; detail?: string } = {},
): true {
  const headers = { 'Content-Type': 'application/problem+json', 'Tus-Resumable': '1.0.0' };
  return respond(response, status, headers, JSON.stringify(problem));
}

/** For `before`: cuts the connection without a response. */
export function hangUp(request: IncomingMessage): true {
  request.socket.destroy();
  return true;
}

/** `?1` with the digest of the bytes that arrived. */
export function confirmation(upload: ScriptedUpload): Record<string, string> {
  const sha256 = createHash('sha256').update(upload.data).digest('base64');
  return { 'Upload-Complete': '?1', 'Repr-Digest': `sha-256=:${sha256}:` };
}

/** The request's Upload-Metadata, decoded. */
function metadata(request: IncomingMessage): Record<string, string> {
  const pairs = String(request.headers['upload-metadata'] ?? '').split(',');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', value = ''] = pair.split(' ');
      return [key, Buffer.from(value, 'base64').toString()];
    }),
  );
}

/** The method that is meant, as tus lets a client say it in a header. */
export function methodOf({ method, headers }: IncomingMessage): string {
  return String(headers['x-http-method-override'] ?? method);
}

function lineOf(request: IncomingMessage, bytes = 0): string {
  const { headers } = request;
  const way = methodOf(request) === request.method ? '' : `${request.method}/`;
  if (methodOf(request) !== 'PATCH') return `${way}${methodOf(request)}`;
  const length = headers['upload-length'];
  return `${way}PATCH ${headers['upload-offset']} +${bytes}${length === undefined ? '' : ` length=${length}`}`;
}

/** Lets `ms` pass. The clock stops while the endpoint responds, so that a slow machine is not taken for a silent connection. */
export async function step(tus: ScriptedTus, timers: ManualTimers, ms: number): Promise<void> {
  await timers.advance(ms);
  do await new Promise((resolve) => setTimeout(resolve, 1));
  while (tus.busy());
}

/** Waits, 100 ms of the clock at a time. @throws Error after 5 minutes of it; `events`: what is said then, beside the requests */
export async function untilStepped(
  condition: () => boolean,
  { tus, timers, events }: { tus: ScriptedTus; timers: ManualTimers; events: readonly string[] },
): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 3000) throw new Error(`never came: ${condition}\n${tus.log.join('\n')}\n${events.join('\n')}`);
    await step(tus, timers, 100);
  }
}
