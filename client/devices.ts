/** Camera and microphone: opening, choosing, listing, listening. */
import type { AlertCode, Devices } from './interview.ts';
import { DEFAULT_QUALITY, type Quality } from './quality.ts';

export interface DeviceChoice {
  /** deviceId; empty or absent: the browser's own choice. */
  cameraId?: string;
  microphoneId?: string;
}

export const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Wishes only: a phone held upright delivers them turned, an old camera what it has, and either is better than nothing. */
export function videoConstraints({ width, height, frameRate }: Quality): MediaTrackConstraints {
  return {
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: frameRate, max: Math.max(frameRate, 30) },
  };
}

/** Opens both. Rejects with getUserMedia's DOMException, or with `insecure-page` where the page may not ask: see `alertFor`. */
export async function openDevices(
  { cameraId = '', microphoneId = '' }: DeviceChoice = {},
  quality: Quality = DEFAULT_QUALITY,
): Promise<MediaStream> {
  // Browsers hide mediaDevices from pages that are neither HTTPS nor localhost.
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('No camera on an insecure page', 'SecurityError');
  try {
    return await openAsked({ cameraId, microphoneId }, quality);
  } catch (error) {
    const chosen = Boolean(cameraId || microphoneId);
    if (chosen && nameOf(error) === 'NotReadableError') return openOthers({ cameraId, microphoneId }, quality, error);
    // A chosen device was unplugged, or a camera knows no rate in our range: any is better than none.
    if (nameOf(error) !== 'OverconstrainedError' && !(chosen && nameOf(error) === 'NotFoundError')) throw error;
    return navigator.mediaDevices.getUserMedia({
      video: cameraId ? { deviceId: { ideal: cameraId } } : true,
      audio: microphoneId ? { deviceId: { ideal: microphoneId } } : true,
    });
  }
}

/** A chosen device is in use elsewhere, and the browser does not say which: it gives up as little of the choice as helps. */
async function openOthers(choice: DeviceChoice, quality: Quality, error: unknown): Promise<MediaStream> {
  const { cameraId, microphoneId } = choice;
  const less: DeviceChoice[] = cameraId && microphoneId ? [{ microphoneId }, { cameraId }, {}] : [{}];
  for (const { cameraId = '', microphoneId = '' } of less) {
    const stream = await openAsked({ cameraId, microphoneId }, quality).catch(() => null);
    if (stream) return stream;
  }
  throw error;
}

function openAsked({ cameraId, microphoneId }: DeviceChoice, quality: Quality): Promise<MediaStream> {
  const wishes = videoConstraints(quality);
  return navigator.mediaDevices.getUserMedia({
    video: cameraId ? { ...wishes, deviceId: { exact: cameraId } } : { ...wishes, facingMode: 'user' },
    audio: microphoneId ? { ...AUDIO, deviceId: { exact: microphoneId } } : AUDIO,
  });
}

/**
 * Asks the open camera for another picture. Between takes only: a recorder may end, or go on with the old size, when
 * its picture changes. Never rejects: a camera that can't goes on as it is, and the bitrate alone keeps to the uplink.
 */
export async function applyQuality(stream: MediaStream, quality: Quality): Promise<void> {
  await Promise.all(
    stream.getVideoTracks().map((track) => track.applyConstraints(videoConstraints(quality)).catch(() => {})),
  );
}

/** Calls back when a device was plugged in or pulled out, until the returned function is called. */
export function onDevicesChange(listener: () => void): () => void {
  const { mediaDevices } = navigator;
  mediaDevices?.addEventListener('devicechange', listener);
  return () => mediaDevices?.removeEventListener('devicechange', listener);
}

/** What the page says about a failed `openDevices` or `startRecorder`. Names: Media Capture and Streams, getUserMedia. */
export function alertFor(error: unknown): AlertCode {
  switch (nameOf(error)) {
    case 'NotAllowedError':
    case 'PermissionDeniedError': // older Chromium
      return 'permission-refused';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
    case 'OverconstrainedError':
      return 'no-camera';
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'camera-busy';
    case 'SecurityError':
      return 'insecure-page';
    case 'NotSupportedError':
      return 'no-media-recorder';
    default:
      return 'unexpected';
  }
}

/** What there is to choose from. Labels are empty before the permission was given. */
export async function listDevices(stream?: MediaStream): Promise<Devices> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  const of = (kind: MediaDeviceKind) =>
    devices.filter((device) => device.kind === kind).map(({ deviceId: id, label }) => ({ id, label }));
  return {
    cameras: of('videoinput'),
    microphones: of('audioinput'),
    cameraId: stream?.getVideoTracks()[0]?.getSettings().deviceId ?? '',
    microphoneId: stream?.getAudioTracks()[0]?.getSettings().deviceId ?? '',
  };
}

/** Turns camera and microphone off. */
export function closeDevices(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

export interface Meter {
  /** Loudness of the last 20 ms or so, 0 (silence) to 1 (as loud as it gets): -60 dBFS to 0 dBFS. */
  level(): number;
  /** False where the level says nothing: no sound, no AudioContext, or one that is suspended until the page was touched. */
  listens(): boolean;
  close(): void;
}

/** A microphone meter; always 0 where the stream has no sound or the browser no AudioContext. */
export function createMeter(stream: MediaStream): Meter {
  if (typeof AudioContext === 'undefined' || stream.getAudioTracks().length === 0)
    return { level: () => 0, listens: () => false, close() {} };
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  const source = context.createMediaStreamSource(stream);
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    level() {
      // A page that was not touched yet has its context suspended.
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

/** Lines of the largest picture that this device should encode: an old phone that is asked for too much drops frames. */
export function pictureLimit({ hardwareConcurrency = 4 }: Partial<Navigator>, isPhone: boolean): number {
  if (hardwareConcurrency < 4) return 540;
  return isPhone || hardwareConcurrency < 8 ? 720 : 1080;
}
