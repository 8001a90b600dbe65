/** Follows the HTTP/1.1 requests on a client's byte stream, so that a connection can be cut at a byte of one of them. */

/**
 * Whether to stop at `bodyBytes` of the request with this head; `request` counts from 1. 0 bytes are asked right behind
 * the head. It must be pure, and stay true for more bytes.
 */
type StopRule = (head: string, bodyBytes: number, request: number) => boolean;

/** The position of one client's byte stream in its requests. */
interface RequestFollower {
  /** Follows the stream through these bytes and returns where in them `stop` became true; null if it did not. */
  follow(bytes: Buffer, stop: StopRule): number | null;
}

/** A longer head is not HTTP (but TLS, for example): the rest of the connection is then not followed. */
const maxHeadBytes = 65_536;

/** Follows bodies with a Content-Length and chunked bodies (RFC 9112, section 6.3). */
export function createRequestFollower(): RequestFollower {
  let state: 'head' | 'body' | 'size' | 'chunk' | 'gap' | 'trailer' | 'opaque' = 'head';
  let text = '';
  let head = '';
  let request = 0;
  let bodyBytes = 0;
  let leftBytes = 0;

  const nextRequest = (): void => {
    state = 'head';
    head = '';
  };

  /** A line, or a whole head, is complete. */
  const endText = (): void => {
    const line = text;
    text = '';
    if (state === 'gap') state = 'size';
    else if (state === 'trailer' && line === '\r\n') nextRequest();
    else if (state === 'size') {
      leftBytes = Number.parseInt(line, 16);
      state = leftBytes > 0 ? 'chunk' : 'trailer';
    } else if (state === 'head') {
      head = line.trimStart();
      request++;
      bodyBytes = 0;
      leftBytes = requestLength(head) ?? 0;
      if (/^transfer-encoding:.*chunked/im.test(head)) state = 'size';
      else if (leftBytes > 0) state = 'body';
    }
  };

  /** The smallest count in (bodyBytes, bodyBytes + taken] where `stop` is true, given that it is true at the end. */
  const firstStop = (taken: number, stop: StopRule): number => {
    let [no, yes] = [bodyBytes, bodyBytes + taken];
    while (yes - no > 1) {
      const middle = Math.floor((no + yes) / 2);
      if (stop(head, middle, request)) yes = middle;
      else no = middle;
    }
    return yes;
  };

  const follow = (bytes: Buffer, stop: StopRule): number | null => {
    let at = 0;
    while (at < bytes.length && state !== 'opaque') {
      if (state === 'body' || state === 'chunk') {
        const taken = Math.min(leftBytes, bytes.length - at);
        if (stop(head, bodyBytes + taken, request)) return at + firstStop(taken, stop) - bodyBytes;
        bodyBytes += taken;
        leftBytes -= taken;
        at += taken;
        if (leftBytes === 0 && state === 'chunk') state = 'gap';
        else if (leftBytes === 0) nextRequest();
        continue;
      }
      text += String.fromCharCode(bytes[at++] ?? 0);
      if (text.length > maxHeadBytes) state = 'opaque';
      const inHead = state === 'head';
      if (!text.endsWith(inHead ? '\r\n\r\n' : '\r\n')) continue;
      endText();
      if (inHead && stop(head, 0, request)) return at;
    }
    return null;
  };
  return { follow };
}

/** The Content-Length in a request's head; null without one. For use in a `match`. */
export function requestLength(requestHead: string): number | null {
  const digits = /^content-length:\s*(\d+)/im.exec(requestHead)?.[1];
  return digits === undefined ? null : Number(digits);
}
