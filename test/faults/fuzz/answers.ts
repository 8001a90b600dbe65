/** HTTP answers as they come off a socket, and what is wrong with them. */
export interface Answer {
  status: number;
  /** By lower-case name. */
  headers: Map<string, string>;
  /** The head as it came. */
  head: string;
  body: string;
}

/** Takes the whole answers from the front of what came; the methods tell which of them have no body. */
export function readAnswers(bytes: Buffer, methods: readonly string[], ended: boolean): Answer[] {
  const text = bytes.toString('latin1');
  const answers: Answer[] = [];
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
    const bodyEnd = endOfBody(text, bodyAt, { status, headers, method: methods[answers.length], ended });
    if (bodyEnd === null) break;
    at = bodyEnd;
    // "100 Continue" comes before the answer.
    if (status < 200) continue;
    const raw = text.slice(bodyAt, bodyEnd);
    answers.push({ status, headers, head, body: headers.has('transfer-encoding') ? joined(raw) : raw });
  }
  return answers;
}

interface Framing {
  status: number;
  headers: Map<string, string>;
  method: string | undefined;
  ended: boolean;
}

/** Where the body ends; null while it is not all there. */
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

/** The chunks of a body together. */
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

/** Words of the code that made the answer, of the file system and of the catalog. */
const INNER_WORDS =
  /node:internal|node_modules|\.(js|ts|mjs):\d+|\bat \w+ \(|TypeError|RangeError|SyntaxError|SQLITE|ENOENT|EACCES|E[A-Z]{4,}:|Cannot read|is not a function|undefined|\[object|server\.lock/;

/** What must never be answered; null where the answer is right. */
export function faultOf(answer: Answer, dataDir: string): string | null {
  const { status, headers, head, body } = answer;
  if (!Number.isInteger(status)) return 'this is no HTTP answer';
  if (status >= 500 && status !== 503 && status !== 507) return `the status is ${status}`;
  const told = `${head}\n${body}`;
  if (told.includes(dataDir)) return 'the answer tells the path of the data folder';
  if (headers.has('x-injected')) return 'a header was injected';
  if (status < 400) return null;
  const innerWord = INNER_WORDS.exec(told);
  if (innerWord) return `the answer has inner words: ${innerWord[0]}`;
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
