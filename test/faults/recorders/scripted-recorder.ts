/** A recorder, a camera and a microphone that behave as a disorder says. */
import type { Timers } from '../../../client/timers.ts';
import { FakeTrack, fakeStream } from '../../support/browser/fake-stream.ts';
import type { Chance } from '../../support/chance.ts';
import { liveHead, liveSlice } from '../../support/media/live-webm.ts';
import type { Disorder } from './disorders.ts';

const SLICE_MS = 500;

/** What a recorder that was started has handed to the page. */
export interface Delivered {
  bytes: Buffer[];
  /** The length of the sound and picture in it, in ms. */
  mediaMs: number;
}

/** One page's devices, and what its recorders have delivered. */
export interface Devices {
  chance: Chance;
  timers: Timers;
  /** Asked for each recorder that is started. */
  disorder: () => Disorder;
  /** In the order in which the recorders were started. */
  delivered: Delivered[];
}

/** A camera that counts its pictures. */
class Camera extends FakeTrack {
  stats = { deliveredFrames: 1 };
}

interface OpenDevices extends Devices {
  camera: Camera;
  microphone: FakeTrack;
}

const devicesOf = new WeakMap<MediaStream, OpenDevices>();

/** Opens camera and microphone. */
export function openDevices(devices: Devices): MediaStream {
  const [camera, microphone] = [new Camera('video'), new FakeTrack('audio')];
  const stream = fakeStream(camera, microphone);
  devicesOf.set(stream, { ...devices, camera, microphone });
  return stream;
}

/** Stands in for MediaRecorder. */
export class ScriptedRecorder extends EventTarget {
  static isTypeSupported = () => true;
  state: RecordingState = 'inactive';
  readonly mimeType: string;
  readonly #devices: OpenDevices;
  #disorder: Disorder = { name: 'none' };
  #delivered: Delivered = { bytes: [], mediaMs: 0 };
  #startedAt = 0;
  /** The slice that has just ended, by the clock: ticks may come late. */
  #slice = 0;
  /** Up to which ms everything was delivered. */
  #sentMs = 0;
  #timer: unknown = null;

  constructor(stream: MediaStream, { mimeType = '' }: MediaRecorderOptions = {}) {
    super();
    this.mimeType = mimeType;
    this.#devices = devicesOf.get(stream) as OpenDevices;
  }

  start(): void {
    const { disorder, delivered, timers } = this.#devices;
    const drawn = disorder();
    if (drawn.refuses && this.mimeType.startsWith(drawn.refuses)) throw new DOMException('', 'NotSupportedError');
    this.#disorder = drawn;
    this.state = 'recording';
    this.#startedAt = timers.now();
    delivered.push(this.#delivered);
    const tick = () => {
      if (this.state === 'inactive') return;
      this.#timer = timers.set(tick, SLICE_MS);
      this.#live();
    };
    this.#timer = timers.set(tick, SLICE_MS);
    if (drawn.failsAt === 0) timers.set(() => this.#fail(), 1);
  }

  pause(): void {
    this.state = 'paused';
  }

  requestData(): void {
    if (!this.#holds()) this.#flush();
  }

  stop(): void {
    if (this.state === 'inactive') return;
    this.state = 'inactive';
    this.#devices.timers.clear(this.#timer);
    // What was held back comes at the stop, as in Chromium.
    this.#devices.timers.set(() => {
      this.#flush();
      if (!this.#disorder.neverStops) this.dispatchEvent(new Event('stop'));
    }, 20);
  }

  #live(): void {
    const { camera, microphone, timers } = this.#devices;
    const { failsAt, lostAt, mutedFrom = Number.POSITIVE_INFINITY, mutedTo = 0, stillFrom } = this.#disorder;
    const before = this.#slice;
    this.#slice = Math.floor((timers.now() - this.#startedAt) / SLICE_MS);
    const reaches = (slice = -1) => before < slice && this.#slice >= slice;
    microphone.muted = this.#slice >= mutedFrom && this.#slice < mutedTo;
    if (stillFrom === undefined || this.#slice < stillFrom) camera.stats.deliveredFrames += 10;
    if (reaches(failsAt)) this.#fail();
    else {
      if (reaches(lostAt)) microphone.lose();
      if (!this.#holds()) this.#flush();
    }
  }

  /** Whether the recorder holds back what it has. */
  #holds(): boolean {
    const { camera, microphone } = this.#devices;
    const { stillFrom = Number.POSITIVE_INFINITY, dead } = this.#disorder;
    return microphone.muted || (this.#slice >= stillFrom && (dead === true || camera.readyState === 'live'));
  }

  #flush(): void {
    const { chance, camera } = this.#devices;
    const { silentFrom = Number.POSITIVE_INFINITY, empty, slowHead } = this.#disorder;
    const silent = this.#slice >= silentFrom;
    const toMs = silent ? (silentFrom - 1) * SLICE_MS : this.#slice * SLICE_MS;
    const head = this.#delivered.bytes.length === 0 ? Buffer.from(liveHead()) : Buffer.alloc(0);
    if (toMs > this.#sentMs) {
      const tracks = camera.readyState === 'live' ? [1, 2] : [1];
      const parts: Uint8Array[] = [head];
      for (; this.#sentMs < toMs; this.#sentMs += SLICE_MS)
        parts.push(liveSlice(this.#sentMs, this.#sentMs + SLICE_MS, { tracks, filler: chance.int(1, 1500) }));
      this.#delivered.mediaMs = toMs;
      this.#deliver(Buffer.concat(parts));
    } else if (slowHead && head.length > 0) {
      this.#deliver(head.subarray(0, 1));
      this.#deliver(head.subarray(1));
    } else if (empty) this.#deliver(Buffer.alloc(0));
  }

  #deliver(bytes: Buffer): void {
    if (bytes.length > 0) this.#delivered.bytes.push(bytes);
    const data = new Blob([new Uint8Array(bytes)]);
    this.dispatchEvent(Object.assign(new Event('dataavailable'), { data }));
  }

  #fail(): void {
    if (this.state === 'inactive') return;
    this.state = 'inactive';
    this.#devices.timers.clear(this.#timer);
    this.dispatchEvent(Object.assign(new Event('error'), { error: new DOMException('', 'UnknownError') }));
    this.#flush();
    if (!this.#disorder.neverStops) this.dispatchEvent(new Event('stop'));
  }
}
