/** Tells the log of a whole take that can't be finished. */
export type ReportUnfinished = (upload: string, cause: unknown) => void;

const REPEAT_MS = 60_000;

/**
 * A take that waits is tried every few seconds, by the sweep and by its client: it is logged when the reason changes,
 * and once a minute.
 */
export function createReportUnfinished(
  log: { error(details: object, message: string): void },
  nowMs: () => number = () => performance.now(),
): ReportUnfinished {
  const told = new Map<string, { reason: string; atMs: number }>();
  return (upload, cause) => {
    for (const [id, { atMs }] of told) if (nowMs() - atMs >= REPEAT_MS) told.delete(id);
    const reason = String(cause);
    if (told.get(upload)?.reason === reason) return;
    told.set(upload, { reason, atMs: nowMs() });
    log.error({ upload, err: cause }, 'the take can’t be finished yet');
  };
}
