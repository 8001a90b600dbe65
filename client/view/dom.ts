/** The few DOM calls of the view. Data only ever becomes text nodes and attributes, never markup. */

type Child = Node | string;

/** An element with attributes (`true` = present and empty) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | true> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value === true ? '' : value);
  element.append(...children);
  return element;
}

/** A button that never submits a form. */
export function button(kind: 'primary' | 'secondary', text: string, press: () => void): HTMLButtonElement {
  const element = h('button', { type: 'button', class: `button ${kind}` }, text);
  element.addEventListener('click', press);
  return element;
}

/** Writes only what differs: a live region is announced again even when it is given the same text. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: HTMLElement, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function show(element: HTMLElement, shown: boolean): void {
  if (element.hidden === shown) element.hidden = !shown;
}

/** Whether the keyboard can (still) be at `element`. */
export function isReachable(element: Element): boolean {
  return element.isConnected && element.closest('[hidden]') === null && !element.matches(':disabled');
}
