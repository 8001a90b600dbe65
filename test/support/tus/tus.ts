/** The friendly tus client of the tests: the protocol by hand, over fetch. It shares no code with our own client. */
import { createHash, randomBytes } from 'node:crypto';
import type { TestApp } from '../server/server.ts';
import { startSession } from '../server/server.ts';
import { openRequest, type RawRequest } from './raw-connection.ts';

const BODY_TYPE = 'application/offset+octet-stream';

/** Bytes that look like a recording: the magic of EBML, then noise. */
export function recording(size: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(randomBytes(size));
  bytes.writeUInt32BE(0x1a45dfa3, 0);
  return bytes;
}

/** The `Repr-Digest` of the bytes, `sha-256=:…:` (RFC 9530). */
export function reprDigest(bytes: Uint8Array): string {
  return `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;
}

/** Encodes values as an `Upload-Metadata` header. */
export function metadataHeader(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',');
}

/** The members of a problem that programs rely on. */
interface Refusal {
  status: number;
  code: string;
  detail: string;
  missing?: number[];
}

/** The problem in a response. @throws Error unless it has the form of RFC 9457 */
export async function refusalOf(response: Response): Promise<Refusal> {
  const type = response.headers.get('content-type');
  const text = await response.text();
  if (type !== 'application/problem+json') throw new Error(`${response.status} ${type}: ${text.slice(0, 200)}`);
  const body = JSON.parse(text) as Refusal & { title: string };
  if (body.status !== response.status)
    throw new Error(`the body says ${body.status}, the status is ${response.status}`);
  if (!body.code || !body.detail || !body.title) throw new Error(`a member is missing: ${text}`);
  return body;
}

/** An upload to create. */
export interface NewUpload {
  question?: number | string;
  takeId?: string;
  /** Upload-Length; deferred unless given. */
  length?: number;
  filetype?: string;
  /** More pairs of Upload-Metadata. */
  metadata?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
}

/** A client for one session. */
export type Tus = ReturnType<typeof createTusClient>;

/** Makes a client that sends one bearer and creates uploads for one session folder. */
export function createTusClient({ url, token, folder }: { url: string; token: string; folder: string }) {
  const request = (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: Uint8Array<ArrayBuffer>,
  ): Promise<Response> =>
    fetch(new URL(path, url), {
      method,
      headers: { 'Tus-Resumable': '1.0.0', Authorization: `Bearer ${token}`, ...headers },
      ...(body ? { body } : {}),
    });

  return {
    request,

    /** Sends a POST; returns any response. */
    create(options: NewUpload = {}): Promise<Response> {
      const { question = 1, takeId, length, filetype = 'video/webm', headers, body } = options;
      const metadata = {
        ...{ folder, questionIndex: String(question), filetype, ...(takeId ? { takeId } : {}) },
        ...options.metadata,
      };
      const size: Record<string, string> =
        length === undefined ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(length) };
      const type: Record<string, string> = body ? { 'Content-Type': BODY_TYPE } : {};
      return request(
        'POST',
        '/files',
        { ...size, ...type, 'Upload-Metadata': metadataHeader(metadata), ...headers },
        body,
      );
    },

    /** Creates an upload; returns its path. @throws Error unless the response is 201 */
    async begin(options: NewUpload = {}): Promise<string> {
      const response = await this.create(options);
      const location = response.headers.get('location');
      if (response.status !== 201 || !location) throw new Error(`POST: ${response.status} ${await response.text()}`);
      return location;
    },

    head: (location: string): Promise<Response> => request('HEAD', location),

    patch(
      location: string,
      offset: number,
      body: Uint8Array<ArrayBuffer>,
      { length, headers }: { length?: number; headers?: Record<string, string> } = {},
    ): Promise<Response> {
      const size: Record<string, string> = length === undefined ? {} : { 'Upload-Length': String(length) };
      return request(
        'PATCH',
        location,
        { 'Content-Type': BODY_TYPE, 'Upload-Offset': String(offset), ...size, ...headers },
        body,
      );
    },

    remove: (location: string): Promise<Response> => request('DELETE', location),

    /** Sends a whole answer as our page does: deferred length, the data, an empty PATCH with the length. */
    async send(bytes: Uint8Array<ArrayBuffer>, options: NewUpload = {}): Promise<Response> {
      const location = await this.begin(options);
      const data = await this.patch(location, 0, bytes);
      if (data.status !== 204) throw new Error(`PATCH: ${data.status} ${await data.text()}`);
      return this.patch(location, bytes.length, new Uint8Array(), { length: bytes.length });
    },

    /** Opens a PATCH over a bare socket, which a test can cut or hold open. */
    openPatch: (location: string, offset: number, contentLength: number): Promise<RawRequest> =>
      openRequest(url, [
        `PATCH ${location} HTTP/1.1`,
        `Authorization: Bearer ${token}`,
        'Tus-Resumable: 1.0.0',
        `Upload-Offset: ${offset}`,
        `Content-Type: ${BODY_TYPE}`,
        `Content-Length: ${contentLength}`,
      ]),
  };
}

/** Repeats a check every `everyMs` until it is true. @throws Error after `withinMs` */
export async function until(check: () => Promise<boolean> | boolean, withinMs = 20_000, everyMs = 10): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`not so after ${withinMs} ms: ${check}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/**
 * Repeats a check every 20 ms until it is true, for as long as `progress` changes: a slow machine takes its time.
 * @throws Error once nothing has changed for `withinMs`
 */
export async function untilArrived(
  check: () => Promise<boolean> | boolean,
  progress: () => Promise<unknown> | unknown,
  withinMs: number,
): Promise<void> {
  let known: unknown;
  let movedAt = performance.now();
  while (!(await check())) {
    const now = JSON.stringify(await progress());
    if (now !== known) movedAt = performance.now();
    known = now;
    if (performance.now() - movedAt > withinMs) throw new Error('not everything arrived');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A candidate with a started session. */
export interface OpenSession {
  tokenId: string;
  token: string;
  folder: string;
  /** Absolute path of the session folder. */
  path: string;
  tus: Tus;
}

let candidates = 0;

/** Makes a token for `name` (a new candidate unless given) and starts its session. */
export async function openSession(
  app: Pick<TestApp, 'url' | 'token' | 'dataDir'>,
  name = `Candidate ${++candidates}`,
): Promise<OpenSession> {
  const { id, secret } = await app.token(name);
  const folder = await startSession(app.url, secret, name);
  const tus = createTusClient({ url: app.url, token: secret, folder });
  return { tokenId: id, token: secret, folder, path: `${app.dataDir}/sessions/${folder}`, tus };
}
