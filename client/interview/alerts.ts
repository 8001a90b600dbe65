/** Errors as alerts: what the page says when the server, the devices, the recorder or the device's store fail. */
import { isRetryable } from '../../server/wire.ts';
import { ApiError } from '../api.ts';
import { RecorderFailedError } from '../capture/recorder.ts';
import { LOST_TAKE } from '../upload/outcome.ts';
import type { Alert, AlertCode } from './state.ts';
import { NotKeptError } from './take.ts';

/** Alerts of which nothing went wrong, or nothing that the candidate must act on at once. */
export const gentle: ReadonlySet<AlertCode> = new Set(['not-kept', 'no-offline-reload', 'working-offline']);
/** Alerts that give way to each other, and to any alert that the candidate must act on. */
const passing: ReadonlySet<AlertCode> = new Set([
  ...gentle,
  'camera-waits',
  'device-muted',
  'page-was-hidden',
  'picture-still',
  'recording-restarted',
]);

/** Whether a passing alert may replace this one. */
export function givesWay(alert: Alert | null): boolean {
  return alert === null || passing.has(alert.code);
}

/** The alert for an error of the server, the devices, the recorder or the device's store. */
export function alertOf(error: unknown): Alert {
  if (error instanceof ApiError) return problemAlert(error.status, error.code, error.detail);
  if (error instanceof NotKeptError) return storeAlert(error.cause);
  if (error instanceof RecorderFailedError) return { code: 'recorder-failed' };
  const code = deviceAlertCode(error);
  return code === 'unexpected' ? { code, detail: messageOf(error) } : { code };
}

/** The code for an error of `openDevices` or `startRecorder`. Names: Media Capture and Streams, getUserMedia. */
export function deviceAlertCode(error: unknown): AlertCode {
  switch (error instanceof Error || error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'PermissionDeniedError': // older Chromium
      return 'permission-refused';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
    case 'OverconstrainedError':
      return 'no-camera';
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'camera-busy';
    case 'SecurityError':
      return 'insecure-page';
    case 'NotSupportedError':
      return 'no-media-recorder';
    default:
      return 'unexpected';
  }
}

/**
 * The alert for an error of the device's store. Its errors have the names of a camera's errors, with another meaning.
 */
export function storeAlert(error: unknown): Alert {
  return { code: 'storage-refused', detail: messageOf(error) };
}

/** The alert for a call that is repeated by itself. */
export function waitingAlert({ status, code }: ApiError): Alert {
  // A status of its own: a network's log-in page, a filter. What a proxy says of a server that is away is 5xx.
  const foreign = code === 'bad-gateway' && (!isRetryable(status) || status === 511);
  return { code: foreign ? 'in-the-way' : 'no-connection' };
}

/** The alert for a problem that the server sent. */
export function problemAlert(status: number, code: string, detail: string): Alert {
  if (status === 401) return { code: 'signed-out' };
  return code === 'digest-mismatch' || code === LOST_TAKE ? { code } : { code: 'refused', detail, problem: code };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
