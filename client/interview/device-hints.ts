/** What the device check suggests while it is shown: more light, a charger. Both are watched only there. */
import type { Hint, InterviewState } from './state.ts';
import type { Store } from './store.ts';

/** Calls `onChange` when what is watched is so (true) or no more, until the returned function is called. */
export type Watch = (onChange: (on: boolean) => void) => () => void;

/** Gives a hint, or takes it back. */
export function setHint({ get, dispatch }: Pick<Store, 'get' | 'dispatch'>, hint: Hint, on: boolean): void {
  const { hints } = get();
  if (hints.includes(hint) === on) return;
  dispatch({ type: 'hints', hints: on ? [...hints, hint] : hints.filter((each) => each !== hint) });
}

/** What the hints need. */
export interface DeviceHintsOptions {
  store: Store;
  /** Whether the picture is dark. */
  watchDarkness: Watch;
  /** Whether the battery is low. */
  watchBattery: Watch;
}

const showsPicture = ({ phase, voiceAlone }: InterviewState) => phase.name === 'checking' && phase.ready && !voiceAlone;

/** Begins and ends the watches as the device check comes and goes. */
export function createDeviceHints({ store, watchDarkness, watchBattery }: DeviceHintsOptions): void {
  const follow = (hint: 'dark' | 'battery', watch: Watch, wanted: (state: InterviewState) => boolean) => {
    let stop: (() => void) | null = null;
    store.subscribe((state) => {
      if (wanted(state) === (stop !== null)) return;
      if (stop === null) {
        stop = watch((on) => setHint(store, hint, on));
        return;
      }
      stop();
      stop = null;
      setHint(store, hint, false);
    });
  };
  follow('dark', watchDarkness, showsPicture);
  follow('battery', watchBattery, ({ phase }) => phase.name === 'checking');
}
