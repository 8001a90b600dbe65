/** The browser's locks for tests in Node. */
type Mode = 'exclusive' | 'shared';

/** Creates locks: shared and exclusive, waiting or `ifAvailable`, as the Web Locks API grants them. */
export function createLocks() {
  const held: Array<{ name: string; mode: Mode }> = [];
  const pending: Array<{ name: string; mode: Mode; grant: () => void }> = [];
  const isFree = (name: string, mode: Mode) =>
    !held.some((lock) => lock.name === name && (mode === 'exclusive' || lock.mode === 'exclusive'));
  async function run(name: string, mode: Mode, work: (lock: object | null) => Promise<unknown>) {
    const lock = { name, mode };
    held.push(lock);
    try {
      return await work(lock);
    } finally {
      held.splice(held.indexOf(lock), 1);
      for (const next of pending.filter((each) => isFree(each.name, each.mode))) {
        pending.splice(pending.indexOf(next), 1);
        next.grant();
      }
    }
  }
  type Work = (lock: object | null) => Promise<unknown>;
  const locks = {
    async request(name: string, options: LockOptions | Work, then?: Work) {
      const [{ mode = 'exclusive', ifAvailable = false }, work] =
        typeof options === 'function' ? [{} as LockOptions, options] : [options, then as Work];
      if (isFree(name, mode)) return run(name, mode, work);
      if (ifAvailable) return work(null);
      await new Promise<void>((grant) => pending.push({ name, mode, grant }));
      return run(name, mode, work);
    },
    query: async () => ({ held, pending }),
  };
  return locks as unknown as Pick<LockManager, 'request' | 'query'>;
}
