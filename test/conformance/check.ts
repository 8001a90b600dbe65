/** What a row of the table may say: nothing (it holds), a Failure with what was seen, or that it does not apply. */
import type { Answer } from './endpoint.ts';

/** The row does not hold; the message is what was seen. */
export class Failure extends Error {}

/** The row says nothing about this endpoint; the message is why. */
export class NotApplicable extends Error {}

/** @throws Failure */
export function demand(holds: boolean, seen: string): asserts holds {
  if (!holds) throw new Failure(seen);
}

/** One of these statuses. @throws Failure */
export function statusIs(answer: Answer, ...statuses: number[]): void {
  demand(statuses.includes(answer.status), `${answer.request}: ${told(answer)}, not ${statuses.join(' or ')}`);
}

/** A status of the client's fault: neither accepted nor an error of the server's own. @throws Failure */
export function isRefused(answer: Answer): void {
  demand(answer.status >= 400 && answer.status < 500, `${answer.request}: ${told(answer)}, not a refusal (4xx)`);
}

/** The header has exactly this value; null: it is not there. @throws Failure */
export function headerIs(answer: Answer, name: string, value: string | null): void {
  const seen = answer.header(name);
  demand(seen === value, `${answer.request}: ${name} is ${shown(seen)}, not ${shown(value)}`);
}

/** A header that is there, and of this form. @throws Failure */
export function headerMatches(answer: Answer, name: string, form: RegExp): string {
  const seen = answer.header(name);
  demand(seen !== null && form.test(seen), `${answer.request}: ${name} is ${shown(seen)}, not like ${form}`);
  return seen;
}

/** The offset and the length (null: deferred) that HEAD tells. @throws Failure */
export function stateIs(answer: Answer, offset: number, length: number | null): void {
  statusIs(answer, 200, 204);
  headerIs(answer, 'Upload-Offset', String(offset));
  headerIs(answer, 'Upload-Length', length === null ? null : String(length));
  headerIs(answer, 'Upload-Defer-Length', length === null ? '1' : null);
}

function shown(value: string | null): string {
  return value === null ? 'absent' : JSON.stringify(value);
}

function told({ status, text }: Answer): string {
  const words = text.replace(/\s+/g, ' ').trim();
  return words ? `${status} (${words.slice(0, 120)})` : String(status);
}
