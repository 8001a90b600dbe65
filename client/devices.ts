/** Camera and microphone: opening, choosing, listing, listening. */
import type { AlertCode, MediaDevice } from './interview.ts';

export interface DeviceChoice {
  /** deviceId; empty or absent: the browser's own choice. */
  cameraId?: string;
  microphoneId?: string;
}

/** Enough for a face, and little enough for a phone's uplink: 640x480 up to 720p, 24 to 30 frames a second. */
export const VIDEO: MediaTrackConstraints = {
  width: { min: 320, ideal: 640, max: 1280 },
  height: { min: 240, ideal: 480, max: 720 },
  frameRate: { ideal: 24, max: 30 },
  facingMode: 'user',
};
export const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Opens both. Rejects with getUserMedia's DOMException, or with `insecure-page` where the page may not ask: see `alertFor`. */
export async function openDevices({ cameraId, microphoneId }: DeviceChoice = {}): Promise<MediaStream> {
  // Browsers hide mediaDevices from pages that are neither HTTPS nor localhost.
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('No camera on an insecure page', 'SecurityError');
  const open = (camera?: string, microphone?: string) =>
    navigator.mediaDevices.getUserMedia({
      video: camera ? { ...VIDEO, facingMode: {}, deviceId: { exact: camera } } : VIDEO,
      audio: microphone ? { ...AUDIO, deviceId: { exact: microphone } } : AUDIO,
    });
  try {
    return await open(cameraId, microphoneId);
  } catch (error) {
    // A remembered device was unplugged, or a camera knows no size in our range: any is better than none.
    if (nameOf(error) !== 'OverconstrainedError') throw error;
    return navigator.mediaDevices.getUserMedia({ video: true, audio: true });
  }
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

export interface DeviceList {
  cameras: MediaDevice[];
  microphones: MediaDevice[];
  /** In use by the stream; empty where the browser does not tell. */
  cameraId: string;
  microphoneId: string;
}

/** What there is to choose from. Labels are empty before the permission was given. */
export async function listDevices(stream?: MediaStream): Promise<DeviceList> {
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
  close(): void;
}

/** A microphone meter; always 0 where the stream has no sound or the browser no AudioContext. */
export function createMeter(stream: MediaStream): Meter {
  if (typeof AudioContext === 'undefined' || stream.getAudioTracks().length === 0)
    return { level: () => 0, close() {} };
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
    close() {
      source.disconnect();
      context.close().catch(() => {});
    },
  };
}

function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : '';
}
