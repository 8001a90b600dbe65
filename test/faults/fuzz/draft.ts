/** A request that is being made up, as it will go over the wire. */
export interface Draft {
  method: string;
  target: string;
  version: string;
  /** Whole lines, without their end. */
  lines: string[];
  body: Buffer<ArrayBuffer>;
  lineEnd: string;
  /** Node may refuse it before the application sees it, or see another number of requests in it. */
  malformed: boolean;
  /** The head may announce more than the body brings: the server waits for the rest. */
  incomplete: boolean;
}

/** A draft with its headers, and the length of its body where it has one. */
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

/** Gives the header this value alone; null takes it away. */
export function set(of: Draft, name: string, value: string | null): void {
  of.lines = of.lines.filter((line) => !isNamed(name)(line));
  if (value !== null) of.lines.push(`${name}: ${value}`);
}

/** The value of a header; null without one. */
export function get(of: Draft, name: string): string | null {
  return (
    of.lines
      .find(isNamed(name))
      ?.slice(name.length + 1)
      .trim() ?? null
  );
}

/** The bytes of the head: latin1, as HTTP/1.1 is. */
export function headOf({ method, target, version, lines, lineEnd }: Draft): Buffer<ArrayBuffer> {
  return Buffer.from([`${method} ${target} ${version}`.trim(), ...lines, '', ''].join(lineEnd), 'latin1');
}
