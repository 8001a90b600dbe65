import { expect, test } from 'vitest';
import { createUploadHandler } from '../../../client/interview/upload-handler.ts';

test.each(['AbortError', 'NotFoundError'])(
  'an %s of the device’s store at the end of a take is said as such, and never taken for the camera’s',
  (name) => {
    const alerts: unknown[] = [];
    const unused = () => {
      throw new Error('not asked');
    };
    const handle = createUploadHandler({
      store: { get: unused, dispatch: unused },
      queue: { status: unused },
      session: { over: unused, rememberAnswered: unused },
      decision: { ask: unused },
      take: () => null,
      alert: (about) => alerts.push(about),
      onOpen: unused,
    });
    handle({ type: 'store-failed', takeId: 'a', error: new DOMException('The store said so', name) });
    expect(alerts).toEqual([{ code: 'storage-refused', detail: 'The store said so' }]);
  },
);
