import type { Identity, IdentityStore, Notes } from './identity.ts';

/**
 * The store as one page may use it: for its own session alone. Another link, opened in another tab of the same browser,
 * takes the store over; what is kept there from then on is neither read nor changed by this page, which goes on with what
 * it remembers itself. A new log-in to the same session is taken up.
 */
export function createOwnIdentity(store: IdentityStore): IdentityStore {
  let own: Identity | null = store.get();
  let kept: Notes = store.notes();

  function isOurs(): boolean {
    const now = store.get();
    if (own === null || now?.folder !== own.folder) return false;
    own = now;
    kept = store.notes();
    return true;
  }

  return {
    ...store,
    get() {
      isOurs();
      return own;
    },
    set(change) {
      if (isOurs()) store.set(change);
      if (own) own = { ...own, ...change };
    },
    clear() {
      if (isOurs()) store.clear();
      own = null;
      kept = {};
    },
    notes() {
      isOurs();
      return kept;
    },
    note(change) {
      if (isOurs()) store.note(change);
      kept = { ...kept, ...change };
    },
  };
}
