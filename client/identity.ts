/** What the page remembers between visits, under the keys of the original front end (contract, section 3). */

export interface Identity {
  token: string;
  userName: string;
  folder: string;
  /** The question that the page showed last, from 1; 0 before the first. */
  currentIndex: number;
}

/** What a reload must not forget of the sitting. */
export interface Notes {
  /** A take that something but the candidate ended: whether it counts is not said yet. */
  undecided?: { takeId: string; question: number; recordedMs: number } | undefined;
  /** The end was asked for, with so many questions: its answer may be lost. */
  finishing?: number | undefined;
}

export interface IdentityStore {
  /** Null unless token, name and folder are all there. */
  get(): Identity | null;
  set(change: Partial<Identity>): void;
  clear(): void;
  notes(): Notes;
  note(change: Notes): void;
  /** False where the browser refuses to keep anything: what is set then lasts as long as this page. */
  readonly lasting: boolean;
}

const keys = {
  token: 'userToken',
  userName: 'userName',
  folder: 'sessionFolder',
  currentIndex: 'currentIndex',
} as const satisfies Record<keyof Identity, string>;

const NOTES = 'tresgoNotes';

type KeyValueStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** `local` is called and not read, because merely touching `localStorage` throws where site data is blocked. */
export function createIdentityStore({
  local = () => globalThis.localStorage,
}: {
  local?: () => KeyValueStore;
} = {}): IdentityStore {
  const kept = probe(local);
  const store = kept ?? createMemory();
  /** Those of another session count for nothing. */
  const notes = (): Notes => {
    const { folder, ...rest } = toNotes(store.getItem(NOTES));
    return folder === store.getItem(keys.folder) ? rest : {};
  };
  return {
    lasting: kept !== null,
    get() {
      const token = store.getItem(keys.token);
      const userName = store.getItem(keys.userName);
      const folder = store.getItem(keys.folder);
      if (!token || !userName || !folder) return null;
      return { token, userName, folder, currentIndex: toIndex(store.getItem(keys.currentIndex)) };
    },
    set(change) {
      if (change.token !== undefined) store.setItem(keys.token, change.token);
      if (change.userName !== undefined) store.setItem(keys.userName, change.userName);
      if (change.folder !== undefined) store.setItem(keys.folder, change.folder);
      if (change.currentIndex !== undefined) store.setItem(keys.currentIndex, String(change.currentIndex));
    },
    clear() {
      for (const key of [...Object.values(keys), NOTES]) store.removeItem(key);
    },
    notes,
    note(change) {
      store.setItem(NOTES, JSON.stringify({ ...notes(), ...change, folder: store.getItem(keys.folder) }));
    },
  };
}

function toIndex(text: string | null): number {
  const index = Number(text);
  return Number.isInteger(index) && index > 0 ? index : 0;
}

function toNotes(text: string | null): Notes & { folder?: string } {
  try {
    return JSON.parse(text ?? '{}') as Notes & { folder?: string };
  } catch {
    return {};
  }
}

/** The browser's store if it really takes a write, else null: some have one that is full by decree. */
function probe(local: () => KeyValueStore): KeyValueStore | null {
  try {
    const store = local();
    store.setItem('tresgo-probe', '1');
    store.removeItem('tresgo-probe');
    return store;
  } catch {
    return null;
  }
}

function createMemory(): KeyValueStore {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}
