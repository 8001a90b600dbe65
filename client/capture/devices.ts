/** Camera and microphone: to open, choose, list and hear them. */
import { within } from '../timers.ts';
import { DEFAULT_QUALITY, type Quality } from './quality.ts';

/** A list of devices or a change of the camera that takes longer may never come, in ms. */
const SETTLE_MS = 3000;

/** The devices that the candidate chose. */
export interface DeviceChoice {
  /** The browser's deviceId; empty or absent: the browser chooses. */
  cameraId?: string;
  /** The browser's deviceId; empty or absent: the browser chooses. */
  microphoneId?: string;
  /** The camera is never asked for. */
  voiceAlone?: boolean;
}

/** One camera or one microphone, as the browser lists it. */
export interface MediaDevice {
  /** The browser's deviceId. */
  id: string;
  /** Empty before the candidate has given the permission. */
  label: string;
}

/** The cameras and microphones of this device, and which of them are in use. */
export interface Devices {
  cameras: MediaDevice[];
  microphones: MediaDevice[];
  /** In use; empty where the browser does not say. */
  cameraId: string;
  /** In use; empty where the browser does not say. */
  microphoneId: string;
}

/** The sound that the page asks for. */
export const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/**
 * Wishes only: a phone held upright delivers a turned picture, an old camera another size, and either is better than
 * none.
 */
function videoConstraints({ width, height, frameRate }: Quality): MediaTrackConstraints {
  return {
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: frameRate, max: Math.max(frameRate, 30) },
  };
}

/**
 * Opens camera and microphone, or the microphone alone.
 *
 * @throws DOMException of getUserMedia; a `SecurityError` on a page of plain HTTP, and a `NotSupportedError` on a secure
 * page where there is no call for devices, as in the browsers of some apps.
 */
export async function openDevices(
  { cameraId = '', microphoneId = '', voiceAlone = false }: DeviceChoice = {},
  quality: Quality = DEFAULT_QUALITY,
): Promise<MediaStream> {
  // Browsers hide mediaDevices from pages that are neither HTTPS nor localhost.
  if (!navigator.mediaDevices?.getUserMedia) {
    if (!globalThis.isSecureContext) throw new DOMException('No camera on an insecure page', 'SecurityError');
    throw new DOMException('This browser gives pages no camera', 'NotSupportedError');
  }
  try {
    return await openAsked({ cameraId, microphoneId, voiceAlone }, quality);
  } catch (error) {
    // On a secure page it is the browser's settings, or the page around this one, that refuse the devices.
    if (nameOf(error) === 'SecurityError') throw new DOMException(String(error), 'NotAllowedError');
    const chosen = Boolean((cameraId && !voiceAlone) || microphoneId);
    if (chosen && nameOf(error) === 'NotReadableError')
      return openOthers({ cameraId, microphoneId, voiceAlone }, quality, error);
    // A chosen device was unplugged, or a camera has no frame rate in our range: any device is better than none.
    if (nameOf(error) !== 'OverconstrainedError' && !(chosen && nameOf(error) === 'NotFoundError')) throw error;
    return navigator.mediaDevices.getUserMedia({
      video: !voiceAlone && (cameraId ? { deviceId: { ideal: cameraId } } : true),
      audio: microphoneId ? { deviceId: { ideal: microphoneId } } : true,
    });
  }
}

/**
 * Another program uses a chosen device, and the browser does not say which device: gives up as little of the choice as
 * helps.
 */
async function openOthers(choice: DeviceChoice, quality: Quality, error: unknown): Promise<MediaStream> {
  const { cameraId, microphoneId, voiceAlone = false } = choice;
  const less: DeviceChoice[] = cameraId && microphoneId && !voiceAlone ? [{ microphoneId }, { cameraId }, {}] : [{}];
  for (const part of less) {
    const stream = await openAsked({ ...part, voiceAlone }, quality).catch(() => null);
    if (stream) return stream;
  }
  throw error;
}

function openAsked({ cameraId, microphoneId, voiceAlone }: DeviceChoice, quality: Quality): Promise<MediaStream> {
  const wishes = videoConstraints(quality);
  return navigator.mediaDevices.getUserMedia({
    video: !voiceAlone && (cameraId ? { ...wishes, deviceId: { exact: cameraId } } : { ...wishes, facingMode: 'user' }),
    audio: microphoneId ? { ...AUDIO, deviceId: { exact: microphoneId } } : AUDIO,
  });
}

/**
 * Asks the open camera for another picture. Between takes only: a recorder may end, or continue with the old size, when its
 * picture changes. Never rejects: a camera that refuses stays as it is, and the bitrate alone fits the uplink.
 */
export async function applyQuality(stream: MediaStream, quality: Quality): Promise<void> {
  await Promise.all(
    stream
      .getVideoTracks()
      .map((track) => within(track.applyConstraints(videoConstraints(quality)), SETTLE_MS, () => {}).catch(() => {})),
  );
}

/** Calls `listener` when a device is plugged in or pulled out, until the returned function is called. */
export function onDevicesChange(listener: () => void): () => void {
  const { mediaDevices } = navigator;
  mediaDevices?.addEventListener('devicechange', listener);
  return () => mediaDevices?.removeEventListener('devicechange', listener);
}

/**
 * Lists the devices to choose from; those of `stream` are in use, and are all that is listed where the browser gives no
 * list. Never rejects.
 */
export async function listDevices(stream?: MediaStream): Promise<Devices> {
  const listed = async () => navigator.mediaDevices.enumerateDevices();
  const devices = await within<MediaDeviceInfo[]>(listed(), SETTLE_MS, () => []).catch(() => []);
  const of = (kind: MediaDeviceKind, track: MediaStreamTrack | undefined) => {
    const id = track?.getSettings().deviceId ?? '';
    const all = devices
      .filter((device) => device.kind === kind)
      .map(({ deviceId, label }) => ({ id: deviceId, label }));
    return { all: all.length === 0 && track ? [{ id, label: track.label }] : all, id };
  };
  const cameras = of('videoinput', stream?.getVideoTracks()[0]);
  const microphones = of('audioinput', stream?.getAudioTracks()[0]);
  return { cameras: cameras.all, microphones: microphones.all, cameraId: cameras.id, microphoneId: microphones.id };
}

/** Turns camera and microphone off. */
export function closeDevices(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** Measures the loudness of a microphone. */
export interface Meter {
  /** Loudness of the last 20 ms or so, from 0 (silence, -60 dBFS) to 1 (the maximum, 0 dBFS). */
  level(): number;
  /**
   * False where the level means nothing: no sound, no AudioContext, or one that is suspended until the page is touched.
   */
  listens(): boolean;
  close(): void;
}

const NO_METER: Meter = { level: () => 0, listens: () => false, close() {} };

/**
 * Creates a meter; its level is always 0 where the stream has no sound, or the browser can't listen to it. Never throws: a
 * meter is a comfort, and a browser that refuses it may record all the same.
 */
export function createMeter(stream: MediaStream): Meter {
  if (typeof AudioContext === 'undefined' || stream.getAudioTracks().length === 0) return NO_METER;
  let context: AudioContext | null = null;
  try {
    context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    const source = context.createMediaStreamSource(stream);
    source.connect(analyser);
    return meterOf(context, analyser, source);
  } catch {
    void context?.close().catch(() => {});
    return NO_METER;
  }
}

function meterOf(context: AudioContext, analyser: AnalyserNode, source: AudioNode): Meter {
  const samples = new Float32Array(analyser.fftSize);
  return {
    level() {
      // The context of a page that was not touched yet is suspended.
      if (context.state === 'suspended') context.resume().catch(() => {});
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      return Math.min(1, Math.max(0, 1 + (10 * Math.log10(power || Number.MIN_VALUE)) / 60));
    },
    listens: () => context.state === 'running',
    close() {
      source.disconnect();
      context.close().catch(() => {});
    },
  };
}

function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : '';
}

/** Lines of the largest picture that the stream's camera has, upright or not; infinite where the browser does not say. */
export function cameraLines(stream: MediaStream): number {
  const [track] = stream.getVideoTracks();
  const { width, height } = track?.getCapabilities?.() ?? {};
  return Math.min(width?.max ?? Number.POSITIVE_INFINITY, height?.max ?? Number.POSITIVE_INFINITY);
}

/** Lines of the largest picture that this device should encode: an old phone drops frames of a larger one. */
export function pictureLimit({ hardwareConcurrency = 4 }: Partial<Navigator>, isPhone: boolean): number {
  if (hardwareConcurrency < 4) return 540;
  return isPhone || hardwareConcurrency < 8 ? 720 : 1080;
}
