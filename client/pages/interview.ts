/** The interview page: puts the view, the controller, the spool and the browser's own events together. */
import { createApi } from '../api.ts';
import { createAdaptiveQuality } from '../capture/adaptive-quality.ts';
import { watchBattery } from '../capture/battery.ts';
import { createBrightness, watchDarkness } from '../capture/darkness.ts';
import { watchDevices } from '../capture/device-watch.ts';
import { onDevicesChange, pictureLimit } from '../capture/devices.ts';
import { createPreview } from '../capture/preview.ts';
import { createSilenceDetector } from '../capture/silence-detector.ts';
import { createXhrPost, measureUplink } from '../capture/uplink-test.ts';
import { createWakeLock } from '../capture/wake-lock.ts';
import { firstMessages } from '../i18n/index.ts';
import type { Actions } from '../interview/actions.ts';
import { createController } from '../interview/controller.ts';
import { forgetOldSessions, hasRoom, openDeviceSpool, storageWarning } from '../interview/device-storage.ts';
import { saveFile } from '../interview/save-copy.ts';
import { createSavedRecord } from '../interview/saved-record.ts';
import { initial } from '../interview/state.ts';
import { createTabRecord, lockSession, whileFree } from '../interview/tab-record.ts';
import { createBackground } from '../offline/background.ts';
import { keepBackgroundAway } from '../offline/background-lock.ts';
import { registerServiceWorker } from '../offline/register.ts';
import { openIndexedDbSpool } from '../spool/indexeddb-spool.ts';
import { createMemorySpool } from '../spool/memory-spool.ts';
import { createOverflowSpool } from '../spool/overflow-spool.ts';
import { createSendingRecords } from '../spool/sending-record.ts';
import { systemTimers } from '../timers.ts';
import { createView } from '../view/index.ts';
import { showOrganization } from '../view/organization.ts';
import { receiptText } from '../view/receipt.ts';
import { wishedLanguages } from './language.ts';
import { createTranslatedView } from './translated-view.ts';

/** How often the live statistics are shown anew, in ms. */
const LIVE_MS = 200;

const root = document.getElementById('app');
const bar = document.querySelector('.top');
if (!root || !bar) throw new Error();
const words = await firstMessages(location.search, wishedLanguages(), (wished) => view.speak(wished));
document.querySelector('.late')?.remove();
const background = createBackground({ records: createSendingRecords() });
const tabRecord = createTabRecord(createSavedRecord());
const savedRecord = {
  ...tabRecord,
  clear() {
    void background.forget(tabRecord.get()?.folder ?? '');
    tabRecord.clear();
  },
};
const offline = registerServiceWorker();
// "Try again" is the only control before the controller exists.
const actions = { askAgain: () => location.reload() } as Actions;
const view = createTranslatedView(
  { root, place: bar },
  (messages, picture) => createView(root, messages, actions, { picture }),
  words,
);
view.render(initial);

const deviceSpool = await openDeviceSpool({
  open: openIndexedDbSpool,
  holdsAnswers: () => Boolean(savedRecord.get()?.currentIndex),
  onSlow: () => view.render({ ...initial, alert: { code: 'storage-slow' } }),
});
const current = savedRecord.get()?.folder ?? null;
if (current !== null) await keepBackgroundAway(current);
if (deviceSpool) {
  const holds = async (folder: string) => (await deviceSpool.list(folder)).length > 0;
  void forgetOldSessions({ spool: deviceSpool, current, whileFree }).then(() => background.tidy(current, holds));
}
const spool = createOverflowSpool({
  durable: deviceSpool ?? createMemorySpool(),
  onOverflow: () => controller.overflowed(),
});
navigator.storage?.persist?.().catch(() => {});

const silenceDetector = createSilenceDetector({ timers: systemTimers });
let microphone: MediaStreamTrack | null = null;
function show(stream: MediaStream | null): void {
  view.preview(stream);
  const [track = null] = stream?.getAudioTracks() ?? [];
  // The samples are of another microphone. A picture of another size is none.
  if (track !== microphone) silenceDetector.reset();
  microphone = track;
}
const controller = createController({
  api: createApi(),
  savedRecord,
  spool,
  async createUploadQueue(options) {
    const { createUploadQueue } = await import('../upload/upload-queue.ts');
    const queue = createUploadQueue({ ...options, spool });
    const { folder, endpoint, token } = options;
    const prepare = () => {
      const record = { folder, endpoint: new URL(endpoint, location.href).href, token: token(), at: Date.now() };
      if (deviceSpool?.writable) void background.prepare(record);
    };
    return {
      ...queue,
      async recover() {
        const left = await queue.recover();
        if (left.length > 0) prepare();
        return left;
      },
      create(take) {
        prepare();
        return queue.create(take);
      },
    };
  },
  screen: {
    ...view,
    render(state) {
      showOrganization(bar, state.about);
      view.render(state);
    },
  },
  preview: createPreview(show, {
    onLost: () => controller.devicesChanged(),
    onWaiting: (waiting) => controller.devicesWait(waiting),
  }),
  createAdaptiveQuality: (onQuality, token) =>
    createAdaptiveQuality({
      measure: () => measureUplink({ post: createXhrPost({ token: token() }) }),
      onQuality,
      maxHeight: pictureLimit(navigator, matchMedia('(pointer: coarse)').matches),
    }),
  silenceDetector,
  wakeLock: createWakeLock({ wakeLock: navigator.wakeLock, document }),
  watchDevices: (stream, onChange) => watchDevices({ stream, document, onChange }),
  goToLogin: () => location.replace(`/${location.search}`),
  loginAddress: () => `${location.origin}/?lang=${view.messages().lang}`,
  reload: () => location.reload(),
  claim: lockSession,
  warning: () => storageWarning({ spool: deviceSpool, offline }),
  hasRoom: (needBytes) => hasRoom({ estimate: () => navigator.storage.estimate(), needBytes }),
  watchDarkness: (onChange) => watchDarkness({ brightness: createBrightness(() => view.picture), onChange }),
  watchBattery: (onChange) => watchBattery({ getBattery: navigator.getBattery?.bind(navigator), onChange }),
  isOnline: () => navigator.onLine,
  async saveTake({ takeId, question }) {
    const recording = await spool.copyOf(takeId);
    saveFile(recording, `TresGo-Q${question}.${recording.type.includes('mp4') ? 'mp4' : 'webm'}`);
  },
  saveReceipt() {
    const receipt = controller.receipt();
    if (!receipt) return;
    saveFile(new Blob([receiptText(receipt, view.messages())], { type: 'text/plain' }), `${receipt.folder}.txt`);
  },
});
Object.assign(actions, controller.actions);
onDevicesChange(() => controller.devicesChanged());
window.tresgo = { status: controller.status };
/** What is in memory alone, or refused, is nothing that the worker could send. */
function sentWhenClosed(): boolean {
  const left = controller.status().takes.filter(({ gate }) => gate.kind !== 'open');
  return background.ready() && left.length > 0 && left.every((take) => !take.refused && !spool.overflowed(take.takeId));
}
setInterval(() => view.live({ ...controller.live(), sentWhenClosed: sentWhenClosed() }), LIVE_MS);
window.addEventListener('online', () => void background.prepareAgain());
for (const type of ['online', 'focus', 'pageshow']) window.addEventListener(type, controller.retryNow);
/** The page may end, or never hear of the network again: the browser is asked to go on sending. */
const askBackground = () => {
  if (controller.isBusy()) background.ask();
};
for (const type of ['offline', 'pagehide']) window.addEventListener(type, askBackground);
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') controller.retryNow();
  else askBackground();
});
// The recorder, the lock and the requests of a page from the bfcache are gone; the spool knows where to continue.
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted && controller.status().state !== 'finished') location.reload();
});
window.addEventListener('beforeunload', (event) => {
  if (controller.isBusy()) event.preventDefault();
});
window.addEventListener('unhandledrejection', ({ reason }) => controller.failed(reason));
await controller.open().catch(controller.failed);
