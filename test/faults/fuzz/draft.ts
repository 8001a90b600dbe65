/** A request that is being built, as it will be sent. */
export interface Draft {
  method: string;
  target: string;
  version: string;
  /** Header lines, without their ends. */
  lines: string[];
  body: Buffer<ArrayBuffer>;
  lineEnd: string;
  /** True: Node may refuse it before the application sees it, or see another number of requests in it. */
  malformed: boolean;
  /** True: the head may announce more bytes than the body has, so the server waits for the rest. */
  incomplete: boolean;
}

/** A request as bytes, and how they are sent. */
export interface FuzzRequest {
  /** The method of each request in it: a pipelined one has several. */
  methods: string[];
  /** The target of the first request in it. */
  target: string;
  bytes: Buffer<ArrayBuffer>;
  /** True: Node may refuse it before the application sees it. */
  malformed: boolean;
  /** The byte at which the connection is cut; null: it is not cut. */
  cut: { at: number; how: 'fin' | 'rst' } | null;
  /** Number of pieces, with a pause between them. */
  pieces: number;
  /** True: it has all the bytes that its heads announce. */
  whole: boolean;
}

/** Starts a draft with its headers; adds the Content-Length where it has a body. */
export function draft(
  method: string,
  target: string,
  headers: Record<string, string>,
  body: Buffer<ArrayBuffer> = Buffer.alloc(0),
): Draft {
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}`);
  if (body.length > 0 || /^(POST|PATCH|PUT)$/.test(method)) lines.push(`Content-Length: ${body.length}`);
  return { method, target, version: 'HTTP/1.1', lines, body, lineEnd: '\r\n', malformed: false, incomplete: false };
}

const isNamed = (name: string) => (line: string) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`);

/** Sets a header to one value; null removes it. */
export function set(of: Draft, name: string, value: string | null): void {
  of.lines = of.lines.filter((line) => !isNamed(name)(line));
  if (value !== null) of.lines.push(`${name}: ${value}`);
}

/** The value of a header; null without the header. */
export function get(of: Draft, name: string): string | null {
  return (
    of.lines
      .find(isNamed(name))
      ?.slice(name.length + 1)
      .trim() ?? null
  );
}

/** The bytes of the head, in latin1 as in HTTP/1.1. */
export function headOf({ method, target, version, lines, lineEnd }: Draft): Buffer<ArrayBuffer> {
  return Buffer.from([`${method} ${target} ${version}`.trim(), ...lines, '', ''].join(lineEnd), 'latin1');
}
