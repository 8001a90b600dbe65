/** Checks for the rows of the table: a row holds, throws a Failure, or throws that it does not apply. */

/** A response of the endpoint. */
export interface EndpointResponse {
  /** The request in short. */
  request: string;
  status: number;
  header(name: string): string | null;
  text: string;
  /** Whether a `100 Continue` came first. */
  continued: boolean;
}

/** Thrown by a row that does not hold; the message is what was seen. */
export class Failure extends Error {}

/** Thrown by a row that does not apply to this endpoint; the message is the reason. */
export class NotApplicable extends Error {}

/** Requires a condition. @throws Failure with `seen` */
export function demand(holds: boolean, seen: string): asserts holds {
  if (!holds) throw new Failure(seen);
}

/** Requires one of these statuses. @throws Failure */
export function statusIs(response: EndpointResponse, ...statuses: number[]): void {
  demand(
    statuses.includes(response.status),
    `${response.request}: ${summaryOf(response)}, not ${statuses.join(' or ')}`,
  );
}

/** Requires a 4xx: neither a success nor an error of the server. @throws Failure */
export function isRefused(response: EndpointResponse): void {
  demand(
    response.status >= 400 && response.status < 500,
    `${response.request}: ${summaryOf(response)}, not a refusal (4xx)`,
  );
}

/** Requires exactly this value of a header; null: no such header. @throws Failure */
export function headerIs(response: EndpointResponse, name: string, value: string | null): void {
  const seen = response.header(name);
  demand(seen === value, `${response.request}: ${name} is ${shown(seen)}, not ${shown(value)}`);
}

/** Requires a header of this form; returns its value. @throws Failure */
export function headerMatches(response: EndpointResponse, name: string, form: RegExp): string {
  const seen = response.header(name);
  demand(seen !== null && form.test(seen), `${response.request}: ${name} is ${shown(seen)}, not like ${form}`);
  return seen;
}

/** Requires this offset and this length (null: deferred) in a HEAD response. @throws Failure */
export function stateIs(response: EndpointResponse, offset: number, length: number | null): void {
  statusIs(response, 200, 204);
  headerIs(response, 'Upload-Offset', String(offset));
  headerIs(response, 'Upload-Length', length === null ? null : String(length));
  headerIs(response, 'Upload-Defer-Length', length === null ? '1' : null);
}

function shown(value: string | null): string {
  return value === null ? 'absent' : JSON.stringify(value);
}

function summaryOf({ status, text }: EndpointResponse): string {
  const words = text.replace(/\s+/g, ' ').trim();
  return words ? `${status} (${words.slice(0, 120)})` : String(status);
}
