/**
 * The device check: which devices are used, whether the microphone hears the candidate, and what will happen. What the
 * candidate must see comes first; what they may read is folded below it.
 */
import type { Devices, MediaDevice } from '../capture/devices.ts';
import { DEFAULT_QUALITY, fitQuality, LADDER, type Quality } from '../capture/quality.ts';
import type { Messages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import { type InterviewState, nextQuestion, type Phase } from '../interview/state.ts';
import { button, h, setAttribute, setText, show } from './dom.ts';
import type { Part } from './part.ts';

/** The words of the device check: heading and greeting. */
export function createCheckWords(messages: Messages): Part & { heading: HTMLElement } {
  const { check, voice } = messages;
  const greeting = h('p', { class: 'eyebrow' });
  const heading = h('h1', { tabindex: '-1' }, check.heading);
  const back = h('p', { class: 'welcome-back' });
  const element = h('section', { class: 'words' }, greeting, heading, back);
  return {
    element,
    heading,
    render(state) {
      show(element, state.phase.name === 'checking');
      setText(heading, state.voiceAlone ? voice.heading : check.heading);
      const [count, answered] = [state.questions.length, state.answered.length];
      setText(greeting, state.title);
      const next = nextQuestion(state);
      show(back, answered > 0 && next !== null);
      setText(back, answered > 0 && next !== null ? check.back(answered, count, next) : '');
    },
  };
}

/** The most useful hint first. */
const hintOrder = ['dark', 'battery', 'room', 'slow'] as const;

/**
 * The controls of the device check: meter, camera, microphone, what will happen, and, as `onward`, the button that starts
 * the interview. Camera and microphone can also be chosen where the devices failed for a question.
 */
export function createCheckControls(
  messages: Messages,
  actions: Pick<Actions, 'start' | 'speakFirst' | 'practise' | 'chooseCamera' | 'chooseMicrophone'>,
): Part & { onward: HTMLElement } {
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
  const { levelHint, heard, silent } = check;
  const wordsOf = { unknown: levelHint, heard, quiet: heard, silent };
  const soundHint = h('p', { class: 'hint', 'aria-live': 'polite' }, check.levelHint);
  const quality = h('p', { class: 'hint quality' });
  const practise = button('secondary', messages.practice.open, () => actions.practise());
  const start = button('primary', check.start, () => actions.start());
  const devices = h('div', { class: 'devices' }, cameras.element, microphones.element);
  const sound = h('div', { class: 'sound' }, meter, soundHint);
  const plan = createPlan(messages);
  const tips = createFold(check.tipsTitle, h('ul', { class: 'tips' }, ...check.tips.map((tip) => h('li', {}, tip))));
  const hints = createCheckHints(messages);
  const unheard = createUnheard(messages, actions);
  let asking = false;
  const onward = h('div', { class: 'onward start' }, practise, start, unheard.element);
  const element = h('section', { class: 'controls check' });
  element.append(sound, devices, hints.element, quality, plan.element, tips);
  /** Asks in the place of the start, until a voice is heard. */
  const askOrStart = () => {
    const shown = asking && soundHint.dataset.sound === 'silent';
    if (shown !== unheard.element.hidden) return;
    const focused = unheard.element.contains(document.activeElement);
    show(unheard.element, shown);
    for (const usual of [practise, start]) show(usual, !shown);
    if (shown) unheard.back.focus();
    else if (focused) start.focus();
  };
  return {
    element,
    onward,
    render(state) {
      const { phase, alert, voiceAlone, quality: chosen } = state;
      const choice = choiceOf(phase, alert !== null);
      show(element, choice !== null);
      for (const part of [sound, quality, hints.element, plan.element, tips, onward])
        show(part, phase.name === 'checking');
      if (choice === null) return;
      // Where the browser gives none, the alert says what to do.
      const none = alert !== null && choice.cameras.length === 0 && choice.microphones.length === 0;
      show(devices, !none);
      if (none) show(sound, false);
      show(cameras.element, !voiceAlone);
      cameras.render(choice.cameras, choice.cameraId);
      microphones.render(choice.microphones, choice.microphoneId);
      if (phase.name !== 'checking') return;
      setText(quality, chosen === null ? check.quality.measuring : qualityWords(chosen, messages));
      // A hint says more of a slow one.
      show(quality, !voiceAlone && phase.ready && !isSlow(state) && quality.textContent !== '');
      plan.render(state);
      hints.render(state);
      start.disabled = !phase.ready;
      practise.disabled = !phase.ready;
      asking = phase.asking ?? false;
      askOrStart();
    },
    live({ level, sound }) {
      setText(soundHint, wordsOf[sound]);
      setAttribute(soundHint, 'data-sound', sound);
      askOrStart();
      setAttribute(meter, 'aria-valuenow', String(Math.round(level * 20) * 5));
    },
  };
}

/** Whether the uplink carries the smallest picture alone. */
function isSlow({ uplinkKbps, voiceAlone }: InterviewState): boolean {
  return uplinkKbps !== null && fitQuality(uplinkKbps).height === LADDER[0]?.height && !voiceAlone;
}

/** What would make the recording better, each in a line. */
function createCheckHints({ check }: Messages): Pick<Part, 'element' | 'render'> {
  const lines = [...hintOrder].map((hint) => ({ hint, line: h('li', {}, check.hints[hint]) }));
  const element = h('ul', { class: 'check-hints', 'aria-live': 'polite' }, ...lines.map(({ line }) => line));
  return {
    element,
    render(state) {
      const given: readonly string[] = isSlow(state) ? [...state.hints, 'slow'] : state.hints;
      for (const { hint, line } of lines) show(line, given.includes(hint));
    },
  };
}

/** The question whether to start although no voice was heard. The way back is where "Start interview" was pressed. */
function createUnheard({ check }: Messages, actions: Pick<Actions, 'start' | 'speakFirst'>) {
  const back = button('primary', check.speakFirst, () => actions.speakFirst());
  const all = button('secondary', check.startAllTheSame, () => actions.start());
  const words = h('p', { id: 'unheard' }, check.startUnheard);
  const attributes = { class: 'unheard', role: 'group', 'aria-labelledby': 'unheard', hidden: true } as const;
  return { back, element: h('div', attributes, words, all, back) };
}

/** What will happen, step by step; unfolded where the screen has room for it. */
function createPlan({ check }: Messages): Pick<Part, 'element' | 'render'> {
  const lines = check.plan.map((line) => h('li', {}, line));
  const element = createFold(check.howItWorks, h('ol', { class: 'plan' }, ...lines));
  element.open = matchMedia('(min-width: 760px) and (min-height: 600px)').matches;
  return {
    element,
    render({ questions }) {
      const thinking = questions.some(({ thinkSeconds }) => thinkSeconds > 0);
      if (lines[0]) setText(lines[0], (thinking ? check.planThinking : check.plan[0]) ?? '');
    },
  };
}

function createFold(title: string, content: HTMLElement): HTMLDetailsElement {
  return h('details', { class: 'fold' }, h('summary', {}, title), content);
}

/** The devices to choose from; null where there is no choice. */
function choiceOf(phase: Phase, failed: boolean): Devices | null {
  if (phase.name === 'checking') return phase;
  return phase.name === 'requesting' && failed ? (phase.devices ?? null) : null;
}

/** What to think of the connection; nothing of one that could not be measured. */
export function qualityWords(quality: Quality, { check: { quality: words } }: Messages): string {
  if (quality === DEFAULT_QUALITY) return '';
  return words[connectionOf(quality.videoBitsPerSecond + quality.audioBitsPerSecond)];
}

/** The connection, judged by the quality of the recording, which was chosen to fit it. */
function connectionOf(bitsPerSecond: number): 'great' | 'good' | 'slow' {
  if (bitsPerSecond >= 1_800_000) return 'great';
  return bitsPerSecond >= 600_000 ? 'good' : 'slow';
}

interface DeviceSelect {
  readonly element: HTMLElement;
  /** Changes the options only if the devices differ: a list that is open must not close. */
  render(devices: MediaDevice[], chosenId: string): void;
}

/** A labelled <select> of cameras or of microphones. */
function createDeviceSelect(
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
        // Browsers give devices no label before the candidate has permitted their use.
        const option = (device: MediaDevice, at: number) => new Option(device.label || numbered(at + 1), device.id);
        select.replaceChildren(...devices.map(option));
        select.disabled = devices.length === 0;
      }
      if (select.value !== chosenId && devices.some((device) => device.id === chosenId)) select.value = chosenId;
    },
  };
}
