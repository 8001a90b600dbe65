/**
 * A client for any tus endpoint: each request is sent exactly as written, on a connection of its own. It stands on node:http
 * and not on the raw connection of test/support, because it also speaks HTTPS and `Expect: 100-continue`.
 */
import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { demand, type EndpointResponse, headerMatches, NotApplicable, statusIs } from './check.ts';

/** The Content-Type of bodies with bytes of an upload. */
export const BODY_TYPE = 'application/offset+octet-stream';

const RESPONSE_WITHIN_MS = 10_000;
const SETTLES_WITHIN_MS = 3_000;

/** The endpoint to test. */
interface EndpointOptions {
  /** The URL at which uploads are created. */
  url: string;
  /** Headers of every request, e.g. `Authorization`. */
  headers?: Record<string, string>;
  /** Metadata of every creation, not encoded. */
  metadata?: Record<string, string>;
}

/** What a request may have. */
export interface RequestOptions {
  /** Headers that replace those of every request; undefined removes one. */
  headers?: Record<string, string | undefined>;
  body?: Uint8Array;
  /** True: the body is sent in chunks, without a Content-Length. */
  chunked?: boolean;
}

/** A creation. */
export interface NewUpload extends RequestOptions {
  /** Upload-Length; null: deferred. Default 1000. */
  length?: number | null;
  /** `Upload-Metadata` exactly as sent, appended to that of every creation. */
  metadata?: string;
}

/** An open endpoint. */
export interface Endpoint {
  readonly url: string;
  /** The extensions that OPTIONS advertises. */
  readonly extensions: ReadonlySet<string>;
  /** `Tus-Max-Size`; null without one. */
  readonly maxSize: number | null;
  /** The `Upload-Metadata` of every creation; empty if there is none. */
  readonly metadata: string;
  ask(method: string, url: string, ask?: RequestOptions): Promise<EndpointResponse>;
  /** Sends a POST; returns any response. */
  create(upload?: NewUpload): Promise<EndpointResponse>;
  /** Creates an upload; returns its URL. @throws NotApplicable where creation is not offered, Failure where it fails */
  begin(upload?: NewUpload): Promise<string>;
  head(url: string): Promise<EndpointResponse>;
  patch(url: string, offset: number | string, body: Uint8Array, ask?: RequestOptions): Promise<EndpointResponse>;
  remove(url: string): Promise<EndpointResponse>;
  /** Sends a PATCH and ends its connection in order (FIN) after the first `sentBytes` of its body. */
  cutPatch(url: string, offset: number, body: Uint8Array, sentBytes: number, ask?: RequestOptions): Promise<void>;
  /** HEAD's offset as soon as it is `atLeast`, else the offset after 3 s. */
  settledOffset(url: string, atLeast: number): Promise<number>;
  /** Terminates the uploads that rows have created so far, where termination is offered. */
  cleanUp(): Promise<void>;
}

/** Asks OPTIONS for the extensions. @throws Error without a response */
export async function openEndpoint({ url, headers = {}, metadata = {} }: EndpointOptions): Promise<Endpoint> {
  const begun = new Set<string>();
  const ofAll = Object.entries(metadata)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',');
  const ask: Endpoint['ask'] = (method, target, options = {}) => send(method, target, withHeaders(method, options));
  const withHeaders = (method: string, { headers: more, ...rest }: RequestOptions): RequestOptions => {
    const version = method === 'OPTIONS' ? {} : { 'Tus-Resumable': '1.0.0' };
    return { ...rest, headers: { ...headers, ...version, ...more } };
  };
  const options = await ask('OPTIONS', url);
  const list = options.header('Tus-Extension') ?? '';
  const maxSize = options.header('Tus-Max-Size');
  const upload = (offset: number | string, more: RequestOptions): RequestOptions => ({
    ...more,
    headers: { 'Content-Type': BODY_TYPE, 'Upload-Offset': String(offset), ...more.headers },
  });

  const endpoint: Endpoint = {
    url,
    extensions: new Set(list.split(',').map((name) => name.trim())),
    maxSize: maxSize !== null && /^\d+$/.test(maxSize) ? Number(maxSize) : null,
    metadata: ofAll,
    ask,
    async create({ length = 1000, metadata: own, headers: more, ...rest } = {}) {
      const size: RequestOptions['headers'] =
        length === null ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(length) };
      const pairs = [ofAll, own].filter(Boolean).join(',');
      const response = await ask('POST', url, {
        ...rest,
        headers: { ...size, 'Upload-Metadata': pairs || undefined, ...more },
      });
      const location = response.header('Location');
      if (response.status === 201 && location) begun.add(new URL(location, url).href);
      return response;
    },
    async begin(upload) {
      for (const name of upload?.length === null ? ['creation', 'creation-defer-length'] : ['creation'])
        if (!endpoint.extensions.has(name)) throw new NotApplicable(`${name} is not offered`);
      const response = await endpoint.create(upload);
      statusIs(response, 201);
      return new URL(headerMatches(response, 'Location', /./), url).href;
    },
    head: (target) => ask('HEAD', target),
    patch: (target, offset, body, more = {}) => ask('PATCH', target, { body, ...upload(offset, more) }),
    async remove(target) {
      const response = await ask('DELETE', target);
      if (response.status === 204) begun.delete(target);
      return response;
    },
    cutPatch: (target, offset, body, sentBytes, more = {}) =>
      cut('PATCH', target, withHeaders('PATCH', { body, ...upload(offset, more) }), sentBytes),
    async settledOffset(target, atLeast) {
      const deadline = performance.now() + SETTLES_WITHIN_MS;
      for (;;) {
        const offset = Number(headerMatches(await endpoint.head(target), 'Upload-Offset', /^\d+$/));
        if (offset >= atLeast || performance.now() > deadline) return offset;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async cleanUp() {
      if (!endpoint.extensions.has('termination')) return;
      for (const target of begun) await endpoint.remove(target).catch(() => {});
      begun.clear();
    },
  };
  return endpoint;
}

function open(method: string, url: string, { headers = {}, body, chunked }: RequestOptions): ClientRequest {
  const { protocol } = new URL(url);
  const request = (protocol === 'https:' ? httpsRequest : httpRequest)(url, { method, agent: false });
  if (chunked) request.setHeader('Transfer-Encoding', 'chunked');
  else if (body || method === 'POST' || method === 'PATCH') request.setHeader('Content-Length', body?.length ?? 0);
  for (const [name, value] of Object.entries(headers))
    if (value === undefined) request.removeHeader(name);
    else request.setHeader(name, value);
  return request;
}

async function send(method: string, url: string, ask: RequestOptions): Promise<EndpointResponse> {
  const request = open(method, url, ask);
  const timer = setTimeout(
    () => request.destroy(new Error(`no response in ${RESPONSE_WITHIN_MS} ms`)),
    RESPONSE_WITHIN_MS,
  );
  let continued = false;
  request.on('continue', () => {
    continued = true;
    request.end(ask.body);
  });
  if (request.hasHeader('Expect')) request.flushHeaders();
  else request.end(ask.body);
  // A server may respond and close before it has read the body: its response counts, not the broken pipe after it.
  request.on('error', () => {});
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    response.setEncoding('utf8').on('data', (part) => (text += part));
    response.on('error', () => {});
    await once(response, 'close');
    const header = (name: string) => {
      const value = response.headers[name.toLowerCase()];
      return value === undefined ? null : String(value);
    };
    return { request: shortly(method, ask), status: response.statusCode ?? 0, header, text, continued };
  } catch (cause) {
    throw new Error(`${shortly(method, ask)}: ${cause instanceof Error ? cause.message || String(cause) : cause}`, {
      cause,
    });
  } finally {
    clearTimeout(timer);
    request.destroy();
  }
}

async function cut(method: string, url: string, ask: RequestOptions, sentBytes: number): Promise<void> {
  const request = open(method, url, ask);
  request.on('error', () => {});
  demand(sentBytes < (ask.body?.length ?? 0), 'a cut behind the last byte is none');
  await new Promise<void>((resolve, reject) => {
    request.once('error', reject);
    request.write(ask.body?.subarray(0, sentBytes), () => resolve());
  });
  request.destroy();
}

/** A request in short, like `PATCH (Upload-Offset: 1e3)`: the method, and the headers that matter. */
function shortly(method: string, { headers = {} }: RequestOptions): string {
  const headersShown = Object.entries(headers).filter(
    ([name, value]) =>
      value !== undefined && /^(upload-(offset|length|defer|checksum|concat)|x-http-method)/i.test(name),
  );
  const list = headersShown.map(([name, value]) => `${name}: ${value}`).join(', ');
  return list ? `${method} (${list})` : method;
}
