/**
 * Sends one file as `multipart/form-data`, streamed. Not with `fetch`: Node's own gives up where no response began within
 * 300 s, and an engine may need longer. undici's has no such limit but adds 974 KB to the 3.0 MB of the built server.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A part of a file, from `start` up to before `end`, after some bytes of its own. */
export interface FileContent {
  head: Buffer;
  path: string;
  start: number;
  end: number;
}

/** The fields and the file of a form. */
interface Form {
  /** Names and values; a name may come more than once. */
  fields: readonly (readonly [name: string, value: string])[];
  file: { field: string; content: FileContent; name: string; type: string };
}

/** How a form is sent. */
export interface PostOptions {
  headers: Record<string, string>;
  signal: AbortSignal;
  /** A longer response is an error. */
  maxBytes: number;
}

/** A response is longer than `maxBytes`. */
export class TooLongError extends Error {}

/** What the server sent back. */
export interface FormResponse {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/**
 * Posts a form and reads the response. Follows no redirect: the headers may hold a secret.
 * @throws Error where the server can't be reached or hangs up early; TooLongError where it sends more than `maxBytes`; the
 * signal's AbortError
 */
export async function postForm(
  url: URL,
  form: Form,
  { headers, signal, maxBytes }: PostOptions,
): Promise<FormResponse> {
  const boundary = `tresgo-${randomUUID()}`;
  const { head, tail } = frame(form, boundary);
  const { content } = form.file;
  const size = content.head.length + content.end - content.start;
  const request = (url.protocol === 'https:' ? https : http).request(url, {
    method: 'POST',
    headers: {
      ...headers,
      Accept: 'application/json',
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'Content-Length': head.length + size + tail.length,
    },
    // A connection of its own: a kept one may be dead.
    agent: false,
    signal,
  });
  const responded = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    // Until the end: a server that refuses may respond before it has read the whole file, and then hang up.
    request.on('error', reject);
  });
  request.write(Buffer.concat([head, content.head]));
  const { path: file, start, end } = content;
  const body = end > start ? createReadStream(file, { start, end: end - 1 }) : Readable.from([]);
  const sent = pipeline(body, request, { end: false }).then(() => request.end(tail));
  // `responded` decides: there may be a response although sending failed.
  sent.catch(() => {});
  try {
    const response = await responded;
    return { status: response.statusCode ?? 0, headers: response.headers, text: await textOf(response, maxBytes) };
  } finally {
    request.destroy();
  }
}

function frame({ fields, file }: Form, boundary: string): { head: Buffer; tail: Buffer } {
  const parts = fields.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const disposition = `Content-Disposition: form-data; name="${file.field}"; filename="${file.name}"`;
  parts.push(`--${boundary}\r\n${disposition}\r\nContent-Type: ${file.type}\r\n\r\n`);
  return { head: Buffer.from(parts.join('')), tail: Buffer.from(`\r\n--${boundary}--\r\n`) };
}

async function textOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBytes) throw new TooLongError(`the answer is longer than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
