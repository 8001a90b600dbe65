/** The rest of buttons that have just appeared or changed their meaning: a press that comes meanwhile was meant for what stood there before. */
import type { Timers } from '../timers.ts';
import { isReachable } from './dom.ts';

/** How long a button that is new, or means something new, takes no press, in ms. */
export const REST_MS = 1200;

/** What makes the buttons of the page rest. */
interface ButtonRest {
  /**
   * To be called after each change of the page. `place` names what the candidate sees as one page: the same words at
   * another place mean something else.
   */
  renew(place: string): void;
}

/** Keeps a press from a button that rests. One function for every view of a page: a listener that is there is not added again. */
function swallow(event: Event): void {
  const pressed = event.target instanceof Element ? event.target.closest('.button[aria-disabled="true"]') : null;
  if (pressed === null) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

/**
 * Watches the buttons below `root`. A button that rests is `aria-disabled`, which keeps the keyboard's focus, and no press
 * by pointer or key reaches it.
 */
export function createButtonRest(root: HTMLElement, timers: Timers): ButtonRest {
  const meanings = new WeakMap<Element, string>();
  const rests = new WeakMap<Element, unknown>();

  // Enter and the space bar press a button by a click as well.
  root.addEventListener('click', swallow, { capture: true });

  return {
    renew(place) {
      for (const button of root.querySelectorAll('.button')) {
        const meaning = isReachable(button) ? `${place}: ${button.textContent}` : '';
        if ((meanings.get(button) ?? '') === meaning) continue;
        meanings.set(button, meaning);
        timers.clear(rests.get(button));
        if (meaning === '') {
          button.removeAttribute('aria-disabled');
          continue;
        }
        button.setAttribute('aria-disabled', 'true');
        rests.set(
          button,
          timers.set(() => button.removeAttribute('aria-disabled'), REST_MS),
        );
      }
    },
  };
}
