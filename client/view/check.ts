/** The device check: what will happen, which devices, and whether the microphone hears anything. */
import type { Messages } from '../i18n/index.ts';
import { nextQuestion } from '../interview.ts';
import { createDeviceSelect } from './device-select.ts';
import { button, h, setAttribute, setText, show } from './dom.ts';
import type { Actions, Part } from './part.ts';

/** Heading, greeting and plan. */
export function createCheckWords(messages: Messages): Part & { heading: HTMLElement } {
  const { check } = messages;
  const greeting = h('p', { class: 'eyebrow' });
  const heading = h('h1', { tabindex: '-1' }, check.heading);
  const back = h('p', { class: 'welcome-back' });
  const plan = h('ul', { class: 'plan' }, ...check.plan.map((line) => h('li', {}, line)));
  const element = h('section', { class: 'words' }, greeting, heading, back, plan);
  return {
    element,
    heading,
    render(state) {
      show(element, state.phase.name === 'checking');
      const [count, answered] = [state.questions.length, state.answered.length];
      setText(greeting, count > 0 ? check.greeting(state.title, count) : state.title);
      const next = nextQuestion(state);
      show(back, answered > 0 && next !== null);
      setText(back, answered > 0 && next !== null ? check.back(answered, count, next) : '');
    },
  };
}

/** Camera, microphone, meter, and the button that starts the sitting. */
export function createCheckControls(
  messages: Messages,
  actions: Pick<Actions, 'start' | 'chooseCamera' | 'chooseMicrophone'>,
): Part {
  const { check } = messages;
  const cameras = createDeviceSelect('camera', check.camera, check.cameraNumber, (id) => actions.chooseCamera(id));
  const microphones = createDeviceSelect('microphone', check.microphone, check.microphoneNumber, (id) =>
    actions.chooseMicrophone(id),
  );
  const meter = h('div', {
    class: 'meter',
    role: 'meter',
    'aria-label': check.level,
    'aria-valuemin': '0',
    'aria-valuemax': '100',
    'aria-valuenow': '0',
  });
  const start = button('primary', check.start, () => actions.start());
  const element = h(
    'section',
    { class: 'controls check' },
    h('div', { class: 'devices' }, cameras.element, microphones.element),
    h('div', { class: 'hearing' }, meter, h('p', { class: 'hint' }, check.levelHint)),
    h('div', { class: 'start' }, start),
  );
  return {
    element,
    render({ phase }) {
      show(element, phase.name === 'checking');
      if (phase.name !== 'checking') return;
      start.disabled = !phase.ready;
      cameras.render(phase.cameras, phase.cameraId);
      microphones.render(phase.microphones, phase.microphoneId);
    },
    live({ level }) {
      setAttribute(meter, 'aria-valuenow', String(Math.round(level * 20) * 5));
    },
  };
}
