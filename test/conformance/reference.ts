/**
 * A tus server in memory that passes every row of the table, and can break single rules: it shows that each row can fail.
 * It has no other purpose, so it is neither fast nor durable.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BODY_TYPE } from './endpoint.ts';

const MAX_SIZE = 1_000_000;
const EXTENSIONS = 'creation,creation-defer-length,creation-with-upload,expiration,termination,checksum,concatenation';
const PAIR = /^[!-+\--~]+( (([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?))?$/;

/** A request as the reference receives it. */
export interface Message {
  method: string;
  path: string;
  header(name: string): string | undefined;
  body: Buffer;
}

/** A response of the reference. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
}

interface Upload {
  data: Buffer;
  length: number | null;
  metadata: string | undefined;
  concat: string | undefined;
}

/** A rule that the reference can break. */
type Rule =
  | 'accept-chunked'
  | 'below-offset'
  | 'beyond-length'
  | 'both-lengths'
  | 'change-length'
  | 'checksum'
  | 'chunks'
  | 'conflict'
  | 'conflict-first'
  | 'continue'
  | 'cut-kept'
  | 'cut-survived'
  | 'declare'
  | 'defer-value'
  | 'equal-length'
  | 'final-closed'
  | 'ids'
  | 'length-number'
  | 'max-size'
  | 'metadata'
  | 'metadata-bytes'
  | 'no-length'
  | 'offset-number'
  | 'options-version'
  | 'override'
  | 'query'
  | 'read-only-head'
  | 'terminate'
  | 'type'
  | 'version'
  | 'version-first'
  | 'with-upload';

/** Broken rules, and a change of all responses. */
export interface Fault {
  breaks?: readonly Rule[];
  /** Changes a response. */
  reply?: (reply: Reply, message: Message) => void;
}

/** Starts the reference on a free port of 127.0.0.1. */
export async function openReference({ breaks = [], reply: change }: Fault = {}): Promise<{
  url: string;
  close(): Promise<void>;
}> {
  const keeps = (rule: Rule) => !breaks.includes(rule);
  const uploads = new Map<string, Upload>();
  const poisoned = new Set<Upload>();
  let ids = 0;

  const refuse = (status: number): Reply => ({ status, headers: {} });

  /** A number in a header; null without the header, NaN where it is no number. */
  function numberOf(message: Message, name: string): number | null {
    const value = message.header(name);
    if (value === undefined) return null;
    return /^\d+$/.test(value) ? Number(value) : Number.NaN;
  }

  function serve(message: Message, complete: boolean): Reply {
    const { header, path } = message;
    if (message.method === 'OPTIONS') {
      if (!keeps('options-version') && header('tus-resumable')) return refuse(412);
      const headers = { 'Tus-Version': '1.0.0', 'Tus-Extension': EXTENSIONS, 'Tus-Max-Size': String(MAX_SIZE) };
      return { status: 204, headers: { ...headers, 'Tus-Checksum-Algorithm': 'md5,sha1' } };
    }
    const foreign = keeps('version') && header('tus-resumable') !== '1.0.0';
    if (foreign && keeps('version-first')) return { status: 412, headers: { 'Tus-Version': '1.0.0' } };
    const done = dispatch(message, path, complete);
    return foreign ? { status: 412, headers: { 'Tus-Version': '1.0.0' } } : done;
  }

  function dispatch(message: Message, path: string, complete: boolean): Reply {
    const override = keeps('override') ? message.header('x-http-method-override') : undefined;
    message.method = override ?? message.method;
    if (path === '/files' && message.method === 'POST') return create(message);
    const upload = uploads.get(keeps('query') ? (path.split('?')[0] ?? '') : path);
    if (!upload) return refuse(404);
    if (message.method === 'HEAD') return head(upload);
    if (message.method === 'PATCH') return patch(message, upload, complete);
    if (message.method !== 'DELETE') return refuse(405);
    if (keeps('terminate')) uploads.delete(path);
    return { status: 204, headers: {} };
  }

  function create(message: Message): Reply {
    const { header } = message;
    const defer = header('upload-defer-length');
    const concat = header('upload-concat');
    let length = numberOf(message, 'upload-length');
    if (keeps('defer-value') && defer !== undefined && defer !== '1') return refuse(400);
    if (Number.isNaN(length) && keeps('length-number')) return refuse(400);
    if (Number.isNaN(length)) length = 1000;
    if (length === null && defer === undefined && !concat?.startsWith('final;') && keeps('no-length'))
      return refuse(400);
    if (length !== null && defer !== undefined && keeps('both-lengths')) return refuse(400);
    if (length !== null && length > MAX_SIZE && keeps('max-size')) return refuse(413);
    const metadata = header('upload-metadata');
    if (metadata !== undefined && keeps('metadata') && !isMetadata(metadata)) return refuse(400);

    const parts = concat?.startsWith('final;') ? concat.slice('final;'.length).split(' ') : [];
    const data = Buffer.concat(parts.map((part) => uploads.get(part)?.data ?? Buffer.alloc(0)));
    const upload: Upload = { data, length: parts.length > 0 ? data.length : length, metadata, concat };
    if (keeps('ids')) ids += 1;
    const location = `/files/${ids}${'f'.repeat(20)}`;
    const headers: Record<string, string> = { Location: location, ...expires() };
    const typed = header('content-type') === BODY_TYPE || (!keeps('type') && message.body.length > 0);
    if (typed && keeps('with-upload')) {
      if (upload.length !== null && message.body.length > upload.length && keeps('beyond-length')) return refuse(413);
      upload.data = message.body;
      headers['Upload-Offset'] = String(upload.data.length);
    }
    uploads.set(location, upload);
    return { status: 201, headers };
  }

  function isMetadata(text: string): boolean {
    const pairs = text.split(',');
    const keys = pairs.map((pair) => pair.split(' ')[0]);
    return pairs.every((pair) => PAIR.test(pair)) && new Set(keys).size === keys.length;
  }

  function head(upload: Upload): Reply {
    if (!keeps('read-only-head')) upload.data = Buffer.concat([upload.data, Buffer.alloc(1)]);
    const { data, length, metadata, concat } = upload;
    const headers: Record<string, string> = { 'Upload-Offset': String(data.length), 'Cache-Control': 'no-store' };
    if (length === null) headers['Upload-Defer-Length'] = '1';
    else headers['Upload-Length'] = String(length);
    const text = (base64: string) => Buffer.from(Buffer.from(base64, 'base64').toString()).toString('base64');
    if (metadata)
      headers['Upload-Metadata'] = keeps('metadata-bytes') ? metadata : metadata.replace(/(?<= )\S+?(?=,|$)/g, text);
    if (concat) headers['Upload-Concat'] = concat;
    return { status: 200, headers };
  }

  function patch(message: Message, upload: Upload, complete: boolean): Reply {
    const { header, body } = message;
    if (poisoned.has(upload)) return refuse(500);
    if (upload.concat?.startsWith('final;') && keeps('final-closed')) return refuse(403);
    if (header('content-type') !== BODY_TYPE && keeps('type')) return refuse(415);
    if (header('transfer-encoding') && !keeps('accept-chunked')) return refuse(411);
    let offset = numberOf(message, 'upload-offset');
    if (offset === null || Number.isNaN(offset)) {
      if (keeps('offset-number')) return refuse(400);
      offset = upload.data.length;
    }
    const conflict = offset !== upload.data.length && keeps('conflict');
    if (conflict && keeps('conflict-first')) return { status: 409, headers: expires() };
    const refusal = declare(message, upload);
    if (refusal) return refusal;
    const room = upload.length ?? (keeps('max-size') ? MAX_SIZE : Number.POSITIVE_INFINITY);
    if (keeps('beyond-length') && upload.data.length + body.length > room) return refuse(413);
    if (!keeps('chunks') && body.length > 0 && upload.length !== upload.data.length + body.length) return refuse(400);
    if (keeps('checksum') && header('upload-checksum')) {
      const [algorithm = '', expected] = (header('upload-checksum') ?? '').split(' ');
      if (!['md5', 'sha1'].includes(algorithm)) return refuse(400);
      if (createHash(algorithm).update(body).digest('base64') !== expected) return refuse(460);
    }
    if (complete || keeps('cut-kept')) upload.data = Buffer.concat([upload.data, body]);
    if (!complete && !keeps('cut-survived')) poisoned.add(upload);
    if (conflict) return { status: 409, headers: expires() };
    return { status: 204, headers: { 'Upload-Offset': String(upload.data.length), ...expires() } };
  }

  /** The response to an Upload-Length in a PATCH; null: the PATCH continues. */
  function declare(message: Message, upload: Upload): Reply | null {
    let declared = numberOf(message, 'upload-length');
    if (Number.isNaN(declared)) {
      if (keeps('length-number')) return refuse(400);
      declared = 1000;
    }
    if (declared === null || !keeps('declare')) return null;
    if (declared === upload.length && keeps('equal-length')) return null;
    if (upload.length !== null && keeps('change-length')) return refuse(400);
    if (declared < upload.data.length && keeps('below-offset')) return refuse(400);
    if (declared > MAX_SIZE && keeps('max-size')) return refuse(413);
    upload.length = declared;
    return null;
  }

  const expires = () => ({ 'Upload-Expires': new Date(Date.now() + 86_400_000).toUTCString() });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part)).on('error', () => {});
    await new Promise<void>((resolve) => request.once('close', resolve));
    const message: Message = {
      method: request.method ?? '',
      path: request.url ?? '',
      header: (name) => request.headers[name.toLowerCase()]?.toString(),
      body: Buffer.concat(parts),
    };
    const reply = serve(message, request.complete);
    if (message.method !== 'OPTIONS') reply.headers['Tus-Resumable'] = '1.0.0';
    change?.(reply, message);
    response.writeHead(reply.status, reply.headers).end();
  }

  const server = createServer((request, response) => void answer(request, response));
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (keeps('continue')) response.writeContinue();
    else response.writeHead(417).end();
    void answer(request, response).catch(() => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/files`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
