/** The gallery's page: the product's view and styles with any state of the interview. */
import { pickMessages } from '../../client/i18n/index.ts';
import type { Actions, Live } from '../../client/interview/actions.ts';
import { createTranslatedView } from '../../client/pages/translated-view.ts';
import { systemTimers } from '../../client/timers.ts';
import { createView, type View } from '../../client/view/index.ts';
import { showOrganization } from '../../client/view/organization.ts';
import { type GalleryState, states } from './states.ts';

declare global {
  interface Window {
    gallery: {
      names: string[];
      /** Draws the state of that name with a new view; resolves when its pictures are loaded. */
      show(name: string): Promise<void>;
      /** Names of the actions that the view has called. */
      called: string[];
      /** Draws other figures for the state that is shown. */
      live(change: Partial<Live>): void;
      playback(recording: null): void;
      /** Lets buttons rest from the next `show` on, until the returned function is called. */
      rest(): () => void;
    };
  }
}

const called: string[] = [];
const actions = new Proxy({} as Actions, {
  get: (_, name) => () => {
    called.push(String(name));
    return name === 'linkForAnotherDevice'
      ? 'https://interviews.example.org/?lang=en#t=a1b2c3d4e5f6a7b8c9d0e1f2'
      : null;
  },
});
/** Awaited where it is used: the page's load does not wait for a module's top-level await. */
const messages = pickMessages(location.search, ['en']);
const root = document.getElementById('app');
const bar = document.querySelector('.top');
if (root === null || bar === null) throw new Error('index.html has no #app or no .top');
const place = bar;

/** A drawing of a person before a window: a stream that is the same on every machine. */
function createPicture(): MediaStream {
  const canvas = document.createElement('canvas');
  canvas.width = 640;
  canvas.height = 480;
  const brush = canvas.getContext('2d');
  if (brush === null) throw new Error('no 2d context');
  const draw = () => {
    brush.fillStyle = '#8fa3a0';
    brush.fillRect(0, 0, 640, 480);
    brush.fillStyle = '#dfe9e4';
    brush.fillRect(60, 40, 180, 260);
    brush.fillStyle = '#2f4858';
    brush.beginPath();
    brush.ellipse(340, 480, 190, 170, 0, 0, 7);
    brush.fill();
    brush.fillStyle = '#c68f6b';
    brush.beginPath();
    brush.ellipse(340, 215, 85, 110, 0, 0, 7);
    brush.fill();
    brush.fillStyle = '#2a211c';
    brush.beginPath();
    brush.ellipse(340, 140, 95, 60, 0, 0, 7);
    brush.fill();
  };
  draw();
  setInterval(draw, 100);
  return canvas.captureStream(10);
}

/** Four chunks of 250 ms. A busy machine takes longer to deliver them. */
async function record(stream: MediaStream): Promise<Blob> {
  const recorder = new MediaRecorder(stream);
  const chunks: Blob[] = [];
  const stopped = new Promise((resolve) => {
    recorder.onstop = resolve;
  });
  recorder.ondataavailable = ({ data }) => {
    if (data.size > 0) chunks.push(data);
    if (chunks.length === 4) recorder.stop();
  };
  recorder.start(250);
  await stopped;
  return new Blob(chunks, { type: recorder.mimeType });
}

const stream = createPicture();
/** The ends of the rests of buttons; null: the gallery shows the buttons as they are after their rest. */
let rests: Array<() => void> | null = null;
const timers = { ...systemTimers, set: (run: () => void) => (rests ? rests.push(run) : run()) };
let recording: Promise<Blob> | null = null;
let shown: { view: View; live: Live } | null = null;

async function settle(): Promise<void> {
  for (const video of document.querySelectorAll('video')) {
    if (video.hidden || video.closest('[hidden]') || (!video.src && !video.srcObject)) continue;
    if (video.readyState < 2)
      await new Promise((resolve) => video.addEventListener('loadeddata', resolve, { once: true }));
  }
  await document.fonts.ready;
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}

async function openAnotherDevice(): Promise<void> {
  root?.querySelector<HTMLElement>('.another .button')?.click();
  while (!root?.querySelector('.another-code svg')) await new Promise(requestAnimationFrame);
}

async function showState(state: GalleryState): Promise<void> {
  if (root === null) return;
  place.querySelector('select')?.remove();
  const { browser } = state;
  const view = createTranslatedView(
    { root, place },
    (words, picture) => createView(root, words, actions, { browser, timers, picture }),
    await messages,
  );
  view.preview(state.picture ? stream : null);
  if (state.recording) {
    recording ??= record(stream);
    view.playback(await recording);
  }
  showOrganization(place, state.interview.about);
  view.render(state.interview);
  view.live(state.live);
  shown = { view, live: state.live };
  if (state.another) await openAnotherDevice();
  scrollTo(0, 0);
  await settle();
}

window.gallery = {
  names: states.map(({ name }) => name),
  called,
  live(change) {
    if (shown === null) return;
    shown.live = { ...shown.live, ...change };
    shown.view.live(shown.live);
  },
  rest() {
    rests = [];
    return () => {
      for (const end of rests ?? []) end();
      rests = null;
    };
  },
  playback: (recording) => shown?.view.playback(recording),
  async show(name) {
    const state = states.find((each) => each.name === name);
    if (state === undefined) throw new Error(`the gallery has no state "${name}"`);
    await showState(state);
  },
};
const wanted = new URLSearchParams(location.search).get('state');
if (wanted) await window.gallery.show(wanted);
