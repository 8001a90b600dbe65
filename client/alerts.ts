import { ApiError } from './api.ts';
import { alertFor } from './devices.ts';
import type { Alert, AlertCode } from './interview.ts';
import { LOST_TAKE } from './lost-take.ts';
import { NotKeptError } from './take.ts';

/** Nothing is wrong, or nothing that the candidate must see to at once. */
export const gentle: ReadonlySet<AlertCode> = new Set([
  'not-kept',
  'no-offline-reload',
  'working-offline',
  'storage-low',
]);
/** Said in passing: they give way to what the candidate has to act on, and to each other. */
const passing: ReadonlySet<AlertCode> = new Set([...gentle, 'device-muted', 'page-was-hidden']);

/** Whether something said in passing may take this one's place. */
export function givesWay(alert: Alert | null): boolean {
  return alert === null || passing.has(alert.code);
}

/** What went wrong with the server, the devices or the recorder, as the page says it. */
export function alertOf(error: unknown): Alert {
  if (error instanceof ApiError) return refusalOf(error.status, error.code, error.detail);
  if (error instanceof NotKeptError) return notKept(error.cause);
  const code = alertFor(error);
  return code === 'unexpected' ? { code, detail: wordsOf(error) } : { code };
}

/** What the device's store said. Its errors have the names of a camera's, and mean something else. */
export function notKept(error: unknown): Alert {
  return { code: 'storage-refused', detail: wordsOf(error) };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** What the server refused, as the page says it. */
export function refusalOf(status: number, code: string, detail: string): Alert {
  if (status === 401) return { code: 'signed-out' };
  return code === 'digest-mismatch' || code === LOST_TAKE ? { code } : { code: 'refused', detail, refusal: code };
}
