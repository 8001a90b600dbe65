/** HTTP responses as they arrive on a socket, and checks of them. */

/** A whole response. */
export interface FuzzResponse {
  status: number;
  /** By lower-case name. */
  headers: Map<string, string>;
  /** The status line and the headers as they came. */
  head: string;
  body: string;
}

/** The server's reaction to a request. */
export interface Outcome {
  responses: FuzzResponse[];
  /** True: the server ended the connection. */
  closed: boolean;
}

/**
 * Reads the whole responses from the start of `bytes`.
 * @param methods of the requests, which decide whether a response has a body
 * @param ended whether the connection has ended, which ends a body without a length
 */
export function readResponses(bytes: Buffer, methods: readonly string[], ended: boolean): FuzzResponse[] {
  const text = bytes.toString('latin1');
  const responses: FuzzResponse[] = [];
  for (let at = 0; at < text.length; ) {
    const headEnd = text.indexOf('\r\n\r\n', at);
    if (headEnd < 0) break;
    const head = text.slice(at, headEnd);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? Number.NaN);
    const lines = head.split('\r\n').slice(1);
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const bodyAt = headEnd + 4;
    const bodyEnd = endOfBody(text, bodyAt, { status, headers, method: methods[responses.length], ended });
    if (bodyEnd === null) break;
    at = bodyEnd;
    // "100 Continue" comes before the response.
    if (status < 200) continue;
    const raw = text.slice(bodyAt, bodyEnd);
    responses.push({ status, headers, head, body: headers.has('transfer-encoding') ? joined(raw) : raw });
  }
  return responses;
}

interface Framing {
  status: number;
  headers: Map<string, string>;
  method: string | undefined;
  ended: boolean;
}

/** The end of the body in `text`; null while a part is missing. */
function endOfBody(text: string, from: number, { status, headers, method, ended }: Framing): number | null {
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return from;
  const length = headers.get('content-length');
  if (length !== undefined) return from + Number(length) <= text.length ? from + Number(length) : null;
  if (headers.get('transfer-encoding') === 'chunked') {
    const last = text.indexOf('0\r\n\r\n', from);
    return last < 0 ? null : last + 5;
  }
  return ended ? text.length : null;
}

/** Decodes a chunked body. */
function joined(chunks: string): string {
  let body = '';
  for (let at = 0; at < chunks.length; ) {
    const size = Number.parseInt(chunks.slice(at), 16);
    const from = chunks.indexOf('\r\n', at) + 2;
    body += chunks.slice(from, from + size);
    at = from + size + 2;
  }
  return body;
}

/** Words of the server's code, of the file system and of the catalog, which no response may contain. */
const INNER_WORDS =
  /node:internal|node_modules|\.(js|ts|mjs):\d+|\bat \w+ \(|TypeError|RangeError|SyntaxError|SQLITE|ENOENT|EACCES|E[A-Z]{4,}:|Cannot read|is not a function|undefined|\[object|server\.lock/;

/** Describes the fault in a response; null without one. A page may be the response to a person's wrong address. */
export function faultOf(response: FuzzResponse, dataDir: string, asPerson: boolean): string | null {
  const { status, headers, head, body } = response;
  if (!Number.isInteger(status)) return 'this is no HTTP response';
  if (status >= 500 && status !== 503 && status !== 507) return `the status is ${status}`;
  const text = `${head}\n${body}`;
  if (text.includes(dataDir)) return 'the response tells the path of the data folder';
  if (headers.has('x-injected')) return 'a header was injected';
  if (status < 400) return null;
  const innerWord = INNER_WORDS.exec(text);
  if (innerWord) return `the response has inner words: ${innerWord[0]}`;
  if (asPerson && status === 404 && headers.get('content-type')?.startsWith('text/html')) return null;
  if (headers.get('content-type') !== 'application/problem+json')
    return `${status} of type ${headers.get('content-type')}`;
  if ([423, 429, 503, 507].includes(status) && !/^[1-9]\d*$/.test(headers.get('retry-after') ?? ''))
    return `${status} without Retry-After`;
  return body === '' ? null : faultOfProblem(status, body);
}

function faultOfProblem(status: number, body: string): string | null {
  try {
    const document = JSON.parse(body) as Record<string, unknown>;
    const complete = ['type', 'title', 'code', 'detail'].every((name) => typeof document[name] === 'string');
    return complete && document.status === status ? null : 'a member of the problem is missing or wrong';
  } catch {
    return 'the problem is no JSON';
  }
}
