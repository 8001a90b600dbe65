/** A labelled <select> of cameras or microphones. */
import type { MediaDevice } from '../interview.ts';
import { h } from './dom.ts';

export interface DeviceSelect {
  readonly element: HTMLElement;
  /** Changes the options only if the devices differ: an open list must not be pulled away. */
  render(devices: MediaDevice[], chosenId: string): void;
}

export function createDeviceSelect(
  name: string,
  label: string,
  numbered: (n: number) => string,
  choose: (id: string) => void,
): DeviceSelect {
  const select = h('select', { id: name, class: 'select', disabled: true });
  select.addEventListener('change', () => choose(select.value));
  let shown = '';
  return {
    element: h('div', { class: 'field' }, h('label', { for: name }, label), select),
    render(devices, chosenId) {
      const key = JSON.stringify(devices);
      if (key !== shown) {
        shown = key;
        // Browsers give no label before the permission.
        const option = (device: MediaDevice, at: number) => new Option(device.label || numbered(at + 1), device.id);
        select.replaceChildren(...devices.map(option));
        select.disabled = devices.length === 0;
      }
      if (select.value !== chosenId && devices.some((device) => device.id === chosenId)) select.value = chosenId;
    },
  };
}
