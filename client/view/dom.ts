/** The few DOM calls of the view. Data becomes text nodes and attributes alone, never markup. */

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

/** A button that submits no form. `press` is called for a click, Enter and the space bar. */
export function button(kind: 'primary' | 'secondary' | 'quiet', text: string, press: () => void): HTMLButtonElement {
  const element = h('button', { type: 'button', class: `button ${kind}` }, text);
  // The second click of a double click, or a key that is held down, was meant for the control that stood here before.
  element.addEventListener('click', (event) => event.detail < 2 && press());
  element.addEventListener('keydown', (event) => event.repeat && event.key === 'Enter' && event.preventDefault());
  return element;
}

/** A picture of one path in a box of 24 x 24 units, hidden from screen readers. `name` is its CSS class. */
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

/** Writes the text only if it differs: a screen reader announces a live region again even when the text is the same. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Writes the attribute only if it differs. */
export function setAttribute(element: HTMLElement, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Shows or hides an element by its `hidden` attribute. */
export function show(element: HTMLElement, shown: boolean): void {
  if (element.hidden === shown) element.hidden = !shown;
}

/** Whether `element` can have the keyboard's focus: it is in the document, visible and enabled. */
export function isReachable(element: Element): boolean {
  return element.isConnected && element.closest('[hidden]') === null && !element.matches(':disabled');
}
