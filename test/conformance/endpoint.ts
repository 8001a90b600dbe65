/** Any tus endpoint, as the rows meet it: each request goes out exactly as written, on a connection of its own. */
import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { demand, headerMatches, NotApplicable, statusIs } from './check.ts';

export const BODY_TYPE = 'application/offset+octet-stream';

const ANSWER_WITHIN_MS = 10_000;
const SETTLES_WITHIN_MS = 3_000;

export interface EndpointOptions {
  /** Where uploads are created. */
  url: string;
  /** Of every request, e.g. `Authorization`. */
  headers?: Record<string, string>;
  /** Of every creation, not encoded. */
  metadata?: Record<string, string>;
}

export interface Ask {
  /** Over those of every request; undefined takes one away. */
  headers?: Record<string, string | undefined>;
  body?: Uint8Array;
  /** The body without a Content-Length. */
  chunked?: boolean;
}

export interface Answer {
  /** What was asked, in short. */
  request: string;
  status: number;
  header(name: string): string | null;
  text: string;
  /** Whether a `100 Continue` came first. */
  continued: boolean;
}

export interface NewUpload extends Ask {
  /** null: deferred. Default 1000. */
  length?: number | null;
  /** `Upload-Metadata` as it is written, behind that of every creation. */
  metadata?: string;
}

export interface Endpoint {
  readonly url: string;
  /** What OPTIONS advertises. */
  readonly extensions: ReadonlySet<string>;
  /** `Tus-Max-Size`; null without one. */
  readonly maxSize: number | null;
  /** The `Upload-Metadata` of every creation; empty if there is none. */
  readonly metadata: string;
  ask(method: string, url: string, ask?: Ask): Promise<Answer>;
  /** POST, whatever comes of it. */
  create(upload?: NewUpload): Promise<Answer>;
  /** POST that must succeed; the upload's URL. @throws NotApplicable where it is not offered */
  begin(upload?: NewUpload): Promise<string>;
  head(url: string): Promise<Answer>;
  patch(url: string, offset: number | string, body: Uint8Array, ask?: Ask): Promise<Answer>;
  remove(url: string): Promise<Answer>;
  /** A PATCH whose connection ends in order (FIN) behind the first `sentBytes` of its body. */
  cutPatch(url: string, offset: number, body: Uint8Array, sentBytes: number, ask?: Ask): Promise<void>;
  /** HEAD's offset once it has come to `atLeast`, else what it is after 3 s. */
  settledOffset(url: string, atLeast: number): Promise<number>;
  /** Ends what the rows so far have begun, where termination is offered. */
  cleanUp(): Promise<void>;
}

/** Asks OPTIONS what is offered. @throws Error when nobody answers */
export async function openEndpoint({ url, headers = {}, metadata = {} }: EndpointOptions): Promise<Endpoint> {
  const begun = new Set<string>();
  const ofAll = Object.entries(metadata)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',');
  const ask: Endpoint['ask'] = (method, target, options = {}) => send(method, target, withHeaders(method, options));
  const withHeaders = (method: string, { headers: more, ...rest }: Ask): Ask => {
    const version = method === 'OPTIONS' ? {} : { 'Tus-Resumable': '1.0.0' };
    return { ...rest, headers: { ...headers, ...version, ...more } };
  };
  const options = await ask('OPTIONS', url);
  const list = options.header('Tus-Extension') ?? '';
  const maxSize = options.header('Tus-Max-Size');
  const upload = (offset: number | string, more: Ask): Ask => ({
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
      const size: Ask['headers'] =
        length === null ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(length) };
      const pairs = [ofAll, own].filter(Boolean).join(',');
      const answer = await ask('POST', url, {
        ...rest,
        headers: { ...size, 'Upload-Metadata': pairs || undefined, ...more },
      });
      const location = answer.header('Location');
      if (answer.status === 201 && location) begun.add(new URL(location, url).href);
      return answer;
    },
    async begin(upload) {
      for (const name of upload?.length === null ? ['creation', 'creation-defer-length'] : ['creation'])
        if (!endpoint.extensions.has(name)) throw new NotApplicable(`${name} is not offered`);
      const answer = await endpoint.create(upload);
      statusIs(answer, 201);
      return new URL(headerMatches(answer, 'Location', /./), url).href;
    },
    head: (target) => ask('HEAD', target),
    patch: (target, offset, body, more = {}) => ask('PATCH', target, { body, ...upload(offset, more) }),
    async remove(target) {
      const answer = await ask('DELETE', target);
      if (answer.status === 204) begun.delete(target);
      return answer;
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

function open(method: string, url: string, { headers = {}, body, chunked }: Ask): ClientRequest {
  const { protocol } = new URL(url);
  const request = (protocol === 'https:' ? httpsRequest : httpRequest)(url, { method, agent: false });
  if (chunked) request.setHeader('Transfer-Encoding', 'chunked');
  else if (body || method === 'POST' || method === 'PATCH') request.setHeader('Content-Length', body?.length ?? 0);
  for (const [name, value] of Object.entries(headers))
    if (value === undefined) request.removeHeader(name);
    else request.setHeader(name, value);
  return request;
}

async function send(method: string, url: string, ask: Ask): Promise<Answer> {
  const request = open(method, url, ask);
  const timer = setTimeout(() => request.destroy(new Error(`no answer in ${ANSWER_WITHIN_MS} ms`)), ANSWER_WITHIN_MS);
  let continued = false;
  request.on('continue', () => {
    continued = true;
    request.end(ask.body);
  });
  if (request.hasHeader('Expect')) request.flushHeaders();
  else request.end(ask.body);
  // A server may answer and hang up before it has read the body: what it said counts, not the broken pipe behind it.
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

async function cut(method: string, url: string, ask: Ask, sentBytes: number): Promise<void> {
  const request = open(method, url, ask);
  request.on('error', () => {});
  demand(sentBytes < (ask.body?.length ?? 0), 'a cut behind the last byte is none');
  await new Promise<void>((resolve, reject) => {
    request.once('error', reject);
    request.write(ask.body?.subarray(0, sentBytes), () => resolve());
  });
  request.destroy();
}

/** `PATCH (Upload-Offset: 1e3)`: the method, and the headers that may matter. */
function shortly(method: string, { headers = {} }: Ask): string {
  const told = Object.entries(headers).filter(
    ([name, value]) =>
      value !== undefined && /^(upload-(offset|length|defer|checksum|concat)|x-http-method)/i.test(name),
  );
  const list = told.map(([name, value]) => `${name}: ${value}`).join(', ');
  return list ? `${method} (${list})` : method;
}
