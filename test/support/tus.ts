/** A foreign tus client: the protocol by hand, over fetch and over a bare socket. It knows nothing of our own client. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestApp } from './server.ts';
import { startSession } from './server.ts';

const BODY_TYPE = 'application/offset+octet-stream';

/** Bytes that pass for a recording: the magic of EBML, then noise. */
export function recording(size: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(randomBytes(size));
  bytes.writeUInt32BE(0x1a45dfa3, 0);
  return bytes;
}

/** `sha-256=:…:` of the bytes, as RFC 9530 writes it. */
export function reprDigest(bytes: Uint8Array): string {
  return `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;
}

/** `Upload-Metadata` of the values. */
export function metadataHeader(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',');
}

/** The parts of a refusal that programs rely on. */
export interface Refusal {
  status: number;
  code: string;
  detail: string;
  missing?: number[];
}

/** The refusal in a response; throws when it is none in the form of RFC 9457. */
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

export interface NewUpload {
  question?: number | string;
  takeId?: string;
  /** Deferred unless given. */
  length?: number;
  filetype?: string;
  headers?: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
}

export type Tus = ReturnType<typeof createTusClient>;

/** One bearer speaking tus about one folder. */
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

    /** POST, whatever comes of it. */
    create(options: NewUpload = {}): Promise<Response> {
      const { question = 1, takeId, length, filetype = 'video/webm', headers, body } = options;
      const metadata = { folder, questionIndex: String(question), filetype, ...(takeId ? { takeId } : {}) };
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

    /** POST that must succeed; the upload's path. */
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

    /** A whole answer as our page sends it: deferred length, the data, an empty PATCH that carries the length. */
    async send(bytes: Uint8Array<ArrayBuffer>, options: NewUpload = {}): Promise<Response> {
      const location = await this.begin(options);
      const data = await this.patch(location, 0, bytes);
      if (data.status !== 204) throw new Error(`PATCH: ${data.status} ${await data.text()}`);
      return this.patch(location, bytes.length, new Uint8Array(), { length: bytes.length });
    },

    /** A PATCH over a bare socket, to be cut or held open at will. */
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

/** One HTTP request on a socket of its own. */
export interface RawRequest {
  socket: Socket;
  /** Resolves once the kernel has taken the bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** The status of the answer, once it has come; null when the connection ended without one. */
  status: Promise<number | null>;
}

/** Sends a request's head; its body is yours. */
export async function openRequest(url: string, head: string[]): Promise<RawRequest> {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  let answer = '';
  const status = new Promise<number | null>((resolve) => {
    const settle = () => resolve(Number(answer.match(/^HTTP\/1\.1 (\d{3})/)?.[1] ?? 0) || null);
    socket.on('data', (text) => {
      answer += text.toString('latin1');
      if (answer.includes('\r\n\r\n')) settle();
    });
    socket.on('close', settle).on('error', settle);
  });
  socket.write(`${[...head, `Host: ${host}`].join('\r\n')}\r\n\r\n`);
  const write = (bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve())));
  return { socket, write, status };
}

/** Asks until it is so. @throws Error after `withinMs` */
export async function until(check: () => Promise<boolean> | boolean, withinMs = 5_000, everyMs = 10): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`not so after ${withinMs} ms: ${check}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** A candidate with a started session. */
export interface Sitting {
  tokenId: string;
  token: string;
  folder: string;
  /** Absolute path of the session folder. */
  path: string;
  tus: Tus;
}

/** Makes a token for `name` and starts its session. */
export async function openSitting(app: Pick<TestApp, 'url' | 'token' | 'dataDir'>, name: string): Promise<Sitting> {
  const { id, secret } = await app.token(name);
  const folder = await startSession(app.url, secret, name);
  const tus = createTusClient({ url: app.url, token: secret, folder });
  return { tokenId: id, token: secret, folder, path: `${app.dataDir}/sessions/${folder}`, tus };
}
