/**
 * What the page remembers between visits, in the browser's own stores. Devices hold it: keys and shapes must not
 * change.
 */
import type { StartSessionResponse } from '../../server/wire.ts';
import type { Quality } from '../capture/quality.ts';
import type { Told } from './about.ts';
import type { Cause, SavedReceipt } from './state.ts';

/** Who the candidate is, and where the interview is. */
export interface Identity {
  token: string;
  userName: string;
  /** The session's folder. */
  folder: string;
  /** The question that the page showed last, from 1; 0 before the first. */
  currentIndex: number;
}

/** What a reload must not forget of the interview. Questions count from 1. */
export interface SavedProgress {
  /**
   * The interview as the server described it last, to continue without a connection. Devices hold it under this name.
   */
  sitting?: SavedInterview | undefined;
  /** A take of which the candidate has not decided yet whether it counts. */
  undecided?: (UndecidedTake & { cause: Cause }) | undefined;
  /** Until when the candidate may think, in ms since 1970. A time in the past: the time to think is used up. */
  thinking?: { question: number; until: number } | undefined;
  /** How many takes the candidate has ended, by question. */
  takesUsed?: Record<number, number> | undefined;
  /** Length of the newest take, by question, in ms: for the receipt. */
  recordedMs?: Record<number, number> | undefined;
  /** How long the candidate spoke by the page's clock, by question, in ms; of takes that this page saw end. */
  spokenMs?: Record<number, number> | undefined;
  /** The candidate has chosen to answer by voice alone. */
  voiceAlone?: boolean | undefined;
  /** What takes were recorded with last. */
  quality?: Quality | undefined;
  /** The number of this device's log-in to the session. */
  login?: number | undefined;
  /** Questions whose answer another device held when the candidate came here. */
  held?: number[] | undefined;
  /** How many questions the page named when it asked to finish the session: the response may be lost. */
  finishing?: number | undefined;
}

/** A take that the candidate must decide on. */
export interface UndecidedTake {
  takeId: string;
  /** From 1. */
  question: number;
  recordedMs: number;
  /** How long the candidate spoke by the page's clock, where this page knows. */
  spokenMs?: number;
}

/**
 * The parts of `StartSessionResponse` that an interview needs to continue without a connection. The optional ones are
 * missing where an older server or an older page told none.
 */
export type SavedInterview = Pick<
  StartSessionResponse,
  'folder' | 'interview' | 'questions' | 'answered' | 'uploadEndpoint'
> &
  Pick<Told, 'expiresAt' | 'timeFactor' | 'extraTakes'> & {
    maxBytes?: number | undefined;
    /** Of the moment, and therefore not stored. */
    arriving?: number[] | undefined;
    login?: number | undefined;
    consented?: string | null | undefined;
  };

/**
 * Reads and writes what the page remembers. No method throws: what the browser refuses to store lasts as long as the
 * page.
 */
export interface SavedRecord {
  /** Null unless token, name and folder are all stored. */
  get(): Identity | null;
  set(change: Partial<Identity>): void;
  /** Forgets the candidate and the progress, but not the receipt. */
  clear(): void;
  /** The progress of the session whose folder is stored; empty where the progress is of another session. */
  load(): SavedProgress;
  /** Adds the change to the progress; `undefined` removes a field. */
  save(change: SavedProgress): void;
  /** The receipt of the interview that ended in this tab; null where there is none. It holds no token. */
  loadReceipt(): SavedReceipt | null;
  saveReceipt(receipt: SavedReceipt | null): void;
  /** False where the browser refuses to store anything: what is set lasts as long as this page. */
  readonly lasting: boolean;
}

const keys = {
  token: 'userToken',
  userName: 'userName',
  folder: 'sessionFolder',
  currentIndex: 'currentIndex',
} as const satisfies Record<keyof Identity, string>;

const PROGRESS_KEY = 'tresgoNotes';
const RECEIPT_KEY = 'tresgoReceipt';

type KeyValueStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/**
 * Opens the record. The stores are passed as functions, since reading `localStorage` throws where site data is blocked.
 */
export function createSavedRecord({
  local = () => globalThis.localStorage,
  tab = () => globalThis.sessionStorage,
}: {
  local?: () => KeyValueStore;
  /** A store that the browser deletes when the tab is closed. */
  tab?: () => KeyValueStore;
} = {}): SavedRecord {
  const durable = probe(local);
  const store = durable ? withOverlay(durable) : createMemory();
  const tabStore = probe(tab);
  const load = (): SavedProgress => {
    const { folder, ...progress } = parse<SavedProgress & { folder?: string }>(store.getItem(PROGRESS_KEY)) ?? {};
    return folder === store.getItem(keys.folder) ? progress : {};
  };
  return {
    lasting: durable !== null,
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
      for (const key of [...Object.values(keys), PROGRESS_KEY]) store.removeItem(key);
    },
    load,
    save(change) {
      store.setItem(PROGRESS_KEY, JSON.stringify({ ...load(), ...change, folder: store.getItem(keys.folder) }));
    },
    loadReceipt: () => parse<SavedReceipt>(tabStore?.getItem(RECEIPT_KEY) ?? null),
    saveReceipt(receipt) {
      try {
        if (receipt === null) tabStore?.removeItem(RECEIPT_KEY);
        else tabStore?.setItem(RECEIPT_KEY, JSON.stringify(receipt));
      } catch {} // the candidate can save the receipt as a file as long as the page shows it
    },
  };
}

function toIndex(text: string | null): number {
  const index = Number(text);
  return Number.isInteger(index) && index > 0 ? index : 0;
}

/** Null where nothing is stored, or something that is not JSON. */
function parse<T>(text: string | null): T | null {
  try {
    return JSON.parse(text ?? 'null') as T | null;
  } catch {
    return null;
  }
}

/** The browser's store where it really takes a write, else null: some browsers offer a store that is always full. */
function probe(open: () => KeyValueStore): KeyValueStore | null {
  try {
    const store = open();
    store.setItem('tresgo-probe', '1');
    store.removeItem('tresgo-probe');
    return store;
  } catch {
    return null;
  }
}

/** What the browser refuses to store later (a full device) lasts as long as this page: no save stops the interview. */
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
