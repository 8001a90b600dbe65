/** The state of the page in one place: read with `get`, changed with `dispatch`, followed with `subscribe`. */
import { type Event, type InterviewState, initial, reduce } from './state.ts';

/** Called after each change, with the state after it and the state before it. */
type StateListener = (state: InterviewState, before: InterviewState) => void;

/** What the modules of the interview share. */
export interface Store {
  get(): InterviewState;
  /** Reduces the event into the state. Where the state has changed, the listeners are called before this returns. */
  dispatch(event: Event): void;
  /** Calls the listener after each change, for the life of the page, in the order in which the listeners subscribed. */
  subscribe(listener: StateListener): void;
}

/** A store that begins with `state`. */
export function createStore(state: InterviewState = initial): Store {
  const listeners: StateListener[] = [];
  return {
    get: () => state,
    dispatch(event) {
      const before = state;
      state = reduce(before, event);
      const after = state;
      if (after !== before) for (const listener of listeners) listener(after, before);
    },
    subscribe: (listener) => void listeners.push(listener),
  };
}
