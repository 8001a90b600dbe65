/** PATCHes of one upload over a bare connection. */
import type { RawConnection } from '../../test/support/tus/raw-connection.ts';

/** An upload as its client knows it. */
export interface Upload {
  path: string;
  token: string;
  /** Bytes acknowledged. */
  offset: number;
}

/** The head of a request about an upload; `more` are header lines, each with its line end. */
export function requestHead(method: string, { path, token }: Pick<Upload, 'path' | 'token'>, more = ''): string {
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nTus-Resumable: 1.0.0\r\n${more}\r\n`;
}

/** The head of a PATCH with a body of `bytes` bytes. */
export function patchHead(upload: Upload, bytes: number): string {
  return requestHead(
    'PATCH',
    upload,
    `Content-Type: application/offset+octet-stream\r\nUpload-Offset: ${upload.offset}\r\nContent-Length: ${bytes}\r\n`,
  );
}

/**
 * One PATCH of the whole body; it moves the upload's offset.
 * @throws Error when the response is not 204
 */
export async function patch(connection: RawConnection, upload: Upload, ...body: Uint8Array[]): Promise<void> {
  const bytes = body.reduce((sum, { length }) => sum + length, 0);
  await connection.expect(204, patchHead(upload, bytes), ...body);
  upload.offset += bytes;
}
