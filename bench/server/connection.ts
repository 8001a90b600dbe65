/** The load generator's side of a connection: as lean as it gets, so that two cores are left to the server. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Answer {
  status: number;
  /** The head as it came. */
  head: string;
  body: string;
}

/** One keep-alive connection; a request at a time. */
export interface Connection {
  /**
   * Sends a head and what there is of a body.
   * @throws Error when the connection ends without an answer
   */
  request(head: string, ...body: Uint8Array[]): Promise<Answer>;
  /** @throws Error when the answer has another status */
  expect(status: number, head: string, ...body: Uint8Array[]): Promise<Answer>;
  close(): void;
}

/** Connects to a server on this machine. */
export async function openConnection(port: number): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let text = '';
  let isHead = false;
  let waiting: { resolve(answer: Answer): void; reject(error: Error): void } | null = null;

  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    const answer = parseAnswer(text, isHead);
    if (!answer) return;
    text = '';
    waiting?.resolve(answer);
    waiting = null;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    waiting?.reject(new Error(`the connection ended without an answer${text ? `, after ${text}` : ''}`));
    waiting = null;
  });

  const request = (head: string, ...body: Uint8Array[]): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (socket.destroyed) return reject(new Error('the connection has ended'));
      waiting = { resolve, reject };
      isHead = head.startsWith('HEAD');
      send(socket, head, body);
    });

  return {
    request,
    async expect(status, head, ...body) {
      const answer = await request(head, ...body);
      if (answer.status === status) return answer;
      throw new Error(`${head.slice(0, head.indexOf('\r\n'))}: ${answer.status} ${answer.body}`);
    },
    close: () => void socket.destroy(),
  };
}

/** One system call for the whole request. */
function send(socket: Socket, head: string, body: Uint8Array[]): void {
  socket.cork();
  socket.write(head, 'latin1');
  for (const bytes of body) socket.write(bytes);
  socket.uncork();
}

/** The answer in `text`; null while a part is missing. */
function parseAnswer(text: string, isHead: boolean): Answer | null {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  const status = Number(head.slice(9, 12));
  const answer = { status, head, body };
  if (isHead || status === 204) return answer;
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return body.endsWith('0\r\n\r\n') ? answer : null;
  return body.length >= Number(head.match(/\r\ncontent-length: *(\d+)/i)?.[1] ?? 0) ? answer : null;
}

/** An upload as its owner knows it. */
export interface Upload {
  path: string;
  token: string;
  /** Bytes acknowledged. */
  offset: number;
}

/** The head of a request in an upload's name. */
export function requestHead(method: string, { path, token }: Pick<Upload, 'path' | 'token'>, more = ''): string {
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nTus-Resumable: 1.0.0\r\n${more}\r\n`;
}

/** The head of a PATCH that brings so many bytes. */
export function patchHead(upload: Upload, bytes: number): string {
  return requestHead(
    'PATCH',
    upload,
    `Content-Type: application/offset+octet-stream\r\nUpload-Offset: ${upload.offset}\r\nContent-Length: ${bytes}\r\n`,
  );
}

/** One PATCH of the whole body, acknowledged. */
export async function patch(connection: Connection, upload: Upload, ...body: Uint8Array[]): Promise<void> {
  const bytes = body.reduce((sum, { length }) => sum + length, 0);
  await connection.expect(204, patchHead(upload, bytes), ...body);
  upload.offset += bytes;
}
