/** HTTP by hand over a bare socket: requests that are held open or cut at will, and the load generator of the benches. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A response as it came; the end of the connection may have cut its body short. */
interface RawResponse {
  status: number;
  /** The status line and the headers. */
  head: string;
  body: string;
}

/** One keep-alive connection for one request at a time. It is lean, so that the cores of a bench are left to the server. */
export interface RawConnection {
  socket: Socket;
  /**
   * Sends a head and the part of a body that is given.
   * @throws Error when the connection ends without a response
   */
  request(head: string, ...body: Uint8Array[]): Promise<RawResponse>;
  /** @throws Error when the response has another status */
  expect(status: number, head: string, ...body: Uint8Array[]): Promise<RawResponse>;
  /** Sends more of a body; resolves once the kernel has taken the bytes. */
  write(bytes: Uint8Array): Promise<void>;
  close(): void;
}

/** Connects to a server, by default on this machine. */
export async function openConnection(port: number, host = '127.0.0.1'): Promise<RawConnection> {
  const socket = connect({ port, host, noDelay: true });
  await once(socket, 'connect');
  let text = '';
  let isHead = false;
  let waiting: { resolve(response: RawResponse): void; reject(error: Error): void } | null = null;

  const settle = (response: RawResponse | null): void => {
    if (!response) return;
    text = '';
    waiting?.resolve(response);
    waiting = null;
  };
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    settle(parseResponse(text, { isHead, ended: false }));
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    settle(parseResponse(text, { isHead, ended: true }));
    waiting?.reject(new Error(`the connection ended without a response${text ? `, after ${text}` : ''}`));
    waiting = null;
  });

  const request = (head: string, ...body: Uint8Array[]): Promise<RawResponse> =>
    new Promise((resolve, reject) => {
      if (socket.destroyed) return reject(new Error('the connection has ended'));
      waiting = { resolve, reject };
      isHead = head.startsWith('HEAD');
      // One system call for the whole request.
      socket.cork();
      socket.write(head, 'latin1');
      for (const bytes of body) socket.write(bytes);
      socket.uncork();
    });

  return {
    socket,
    request,
    async expect(status, head, ...body) {
      const response = await request(head, ...body);
      if (response.status === status) return response;
      throw new Error(`${head.slice(0, head.indexOf('\r\n'))}: ${response.status} ${response.body}`);
    },
    write: (bytes) =>
      new Promise((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve()))),
    close: () => void socket.destroy(),
  };
}

/** The response in `text`; null while a part is missing. */
function parseResponse(text: string, { isHead, ended }: { isHead: boolean; ended: boolean }): RawResponse | null {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  const status = Number(head.slice(9, 12));
  const response = { status, head, body };
  if (isHead || status === 204 || ended) return response;
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return body.endsWith('0\r\n\r\n') ? response : null;
  return body.length >= Number(head.match(/\r\ncontent-length: *(\d+)/i)?.[1] ?? 0) ? response : null;
}

/** One HTTP request on a socket of its own. */
export interface RawRequest extends Pick<RawConnection, 'socket' | 'write'> {
  /** The status of the response, once it has come; null when the connection ended without one. */
  status: Promise<number | null>;
}

/** Sends the lines of a request's head, to which `Host` is added; the caller writes the body. */
export async function openRequest(url: string, head: string[]): Promise<RawRequest> {
  const { hostname, port, host } = new URL(url);
  const { socket, write, request } = await openConnection(Number(port), hostname);
  const status = request(`${[...head, `Host: ${host}`].join('\r\n')}\r\n\r\n`).then(
    (response) => response.status,
    () => null,
  );
  return { socket, write, status };
}
