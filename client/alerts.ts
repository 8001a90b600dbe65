import { ApiError } from './api.ts';
import { alertFor } from './devices.ts';
import type { Alert } from './interview.ts';

/** What went wrong, as the page says it. */
export function alertOf(error: unknown, otherwise: Alert['code'] = 'unexpected'): Alert {
  if (error instanceof ApiError) return refusalOf(error.status, error.code, error.detail);
  const code = alertFor(error);
  if (code !== 'unexpected') return { code };
  return { code: otherwise, detail: error instanceof Error ? error.message : String(error) };
}

/** What the server refused, as the page says it. */
export function refusalOf(status: number, code: string, detail: string): Alert {
  if (status === 401) return { code: 'signed-out' };
  return code === 'digest-mismatch' ? { code } : { code: 'refused', detail, refusal: code };
}
