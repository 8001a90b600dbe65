/**
 * One file by `multipart/form-data`, streamed. Not by `fetch`: Node's gives up where no answer began within 300 s, and an
 * engine may listen for longer.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';

export interface Form {
  /** By name; a name may come more than once. */
  fields: readonly (readonly [name: string, value: string])[];
  file: { field: string; path: string; name: string; type: string };
}

export interface PostOptions {
  headers: Record<string, string>;
  signal: AbortSignal;
  /** An answer that is longer is an error. */
  maxBytes: number;
}

export interface FormAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/**
 * Follows no redirect: the headers may hold a secret.
 * @throws Error where the peer can't be reached, ends early or says too much; whatever the signal brings
 */
export async function postForm(url: URL, form: Form, { headers, signal, maxBytes }: PostOptions): Promise<FormAnswer> {
  const boundary = `tresgo-${randomUUID()}`;
  const { head, tail } = frame(form, boundary);
  const { size } = await stat(form.file.path);
  const request = (url.protocol === 'https:' ? https : http).request(url, {
    method: 'POST',
    headers: {
      ...headers,
      Accept: 'application/json',
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'Content-Length': head.length + size + tail.length,
    },
    // A connection of its own: one that was kept may be gone.
    agent: false,
    signal,
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    // For good: a peer that refuses may answer before it has read all, and hang up.
    request.on('error', reject);
  });
  request.write(head);
  const sent = pipeline(createReadStream(form.file.path), request, { end: false }).then(() => request.end(tail));
  // What went wrong with sending is told by `answer`, which may be there all the same.
  sent.catch(() => {});
  try {
    const response = await answer;
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
    if (bytes > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
