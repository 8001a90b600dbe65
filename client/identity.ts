/** What the page remembers between visits, under the keys of the original front end (contract, section 3). */
import type { StartSessionAnswer } from '../server/wire.ts';
import type { Cause, SavedReceipt } from './interview.ts';
import type { Quality } from './quality.ts';

export interface Identity {
  token: string;
  userName: string;
  folder: string;
  /** The question that the page showed last, from 1; 0 before the first. */
  currentIndex: number;
}

/** What a reload must not forget of the sitting. Questions count from 1. */
export interface Notes {
  /** The sitting as the server told it last, to go on with where there is no connection. */
  sitting?: RememberedSitting | undefined;
  /** A take of which the candidate has not said yet whether it counts. */
  undecided?: (UndecidedTake & { cause: Cause }) | undefined;
  /** Until when the candidate may think, in ms since 1970; a time gone by: the question's time to think is used up. */
  thinking?: { question: number; until: number } | undefined;
  /** Takes that the candidate ended, by question. */
  takesUsed?: Record<number, number> | undefined;
  /** Length of the newest take, by question, in ms: for the receipt. */
  recordedMs?: Record<number, number> | undefined;
  /** What takes were recorded with last. */
  quality?: Quality | undefined;
  /** The end was asked for, with so many questions: its answer may be lost. */
  finishing?: number | undefined;
}

export interface UndecidedTake {
  takeId: string;
  question: number;
  recordedMs: number;
}

/** Enough of `StartSessionAnswer` to go on without a network. */
export type RememberedSitting = Pick<
  StartSessionAnswer,
  'folder' | 'interview' | 'questions' | 'answered' | 'uploadEndpoint'
>;

export interface IdentityStore {
  /** Null unless token, name and folder are all there. */
  get(): Identity | null;
  set(change: Partial<Identity>): void;
  clear(): void;
  notes(): Notes;
  note(change: Notes): void;
  /** Of the sitting that this tab saw the end of; it holds no token. Null where there is none. */
  receipt(): SavedReceipt | null;
  keepReceipt(receipt: SavedReceipt | null): void;
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
const RECEIPT = 'tresgoReceipt';

type KeyValueStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** `local` is called and not read, because merely touching `localStorage` throws where site data is blocked. */
export function createIdentityStore({
  local = () => globalThis.localStorage,
  tab = () => globalThis.sessionStorage,
}: {
  local?: () => KeyValueStore;
  /** What is gone with the tab. */
  tab?: () => KeyValueStore;
} = {}): IdentityStore {
  const kept = probe(local);
  const store = kept ? withOverlay(kept) : createMemory();
  const tabStore = probe(tab);
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
    receipt: () => toReceipt(tabStore?.getItem(RECEIPT) ?? null),
    keepReceipt(receipt) {
      try {
        if (receipt === null) tabStore?.removeItem(RECEIPT);
        else tabStore?.setItem(RECEIPT, JSON.stringify(receipt));
      } catch {} // it can still be saved as long as the page shows it
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

function toReceipt(text: string | null): SavedReceipt | null {
  try {
    return JSON.parse(text ?? 'null') as SavedReceipt | null;
  } catch {
    return null;
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

/** What the browser refuses to keep later on (a full device) lasts as long as this page: no note stops the sitting. */
function withOverlay(store: KeyValueStore): KeyValueStore {
  const refused = createMemory();
  return {
    getItem: (key) => refused.getItem(key) ?? store.getItem(key),
    setItem(key, value) {
      try {
        store.setItem(key, value);
        refused.removeItem(key);
      } catch {
        refused.setItem(key, value);
      }
    },
    removeItem(key) {
      refused.removeItem(key);
      store.removeItem(key);
    },
  };
}

function createMemory(): KeyValueStore {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}
