/**
 * Does work now and every so often, never twice at once.
 * @param onError told what the work throws; the next time comes all the same
 * @returns stops it, and waits for what runs
 */
export function repeat(
  everyMs: number,
  work: () => Promise<void>,
  onError: (cause: unknown) => void,
): () => Promise<void> {
  let running: Promise<void> | null = null;
  const run = () => {
    running ??= work()
      .catch(onError)
      .finally(() => {
        running = null;
      });
  };
  run();
  const timer = setInterval(run, everyMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
