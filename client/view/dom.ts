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
export function button(kind: 'primary' | 'secondary' | 'quiet', text: string, press: () => void): HTMLButtonElement {
  const element = h('button', { type: 'button', class: `button ${kind}` }, text);
  // The second click of a double click, or a key that is held down, was meant for what stood here before.
  element.addEventListener('click', (event) => event.detail < 2 && press());
  element.addEventListener('keydown', (event) => event.repeat && event.key === 'Enter' && event.preventDefault());
  return element;
}

/** A picture without words, drawn by one path in a box of 24 x 24. */
export function icon(path: string, name: string): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  for (const [key, value] of Object.entries({ viewBox: '0 0 24 24', class: `icon ${name}`, 'aria-hidden': 'true' })) {
    svg.setAttribute(key, value);
  }
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
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
