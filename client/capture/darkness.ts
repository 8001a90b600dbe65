/** Whether the camera's picture is too dark to see a face in it. */
import { systemTimers, type Timers } from '../timers.ts';

/** Mean brightness, 0 to 255: below `DARK` a picture is dark, and it is so until it is above `LIGHT`. */
const DARK = 40;
const LIGHT = 60;
/** This many samples in a row decide: a camera that has just opened is dark for a moment, and so is a hand before it. */
const SAMPLES = 3;
const SAMPLE_MS = 1000;

/** What the watch needs. */
export interface DarknessOptions {
  /** Mean brightness of the picture, 0 to 255; null while there is none. */
  brightness: () => number | null;
  /** Called when the picture has become dark (true) or light again. */
  onChange: (dark: boolean) => void;
  timers?: Pick<Timers, 'set' | 'clear'>;
}

/** Takes a sample each second until the returned function is called. Begins with a light picture. */
export function watchDarkness({ brightness, onChange, timers = systemTimers }: DarknessOptions): () => void {
  let dark = false;
  let against = 0;
  function sample(): void {
    handle = timers.set(sample, SAMPLE_MS);
    const mean = brightness();
    if (mean === null) return;
    against = (dark ? mean > LIGHT : mean < DARK) ? against + 1 : 0;
    if (against < SAMPLES) return;
    against = 0;
    dark = !dark;
    onChange(dark);
  }
  let handle = timers.set(sample, SAMPLE_MS);
  return () => timers.clear(handle);
}

/** Mean brightness of what the page's <video> of now shows, 0 to 255, from a few hundred of its pixels; null where it shows nothing. */
export function createBrightness(picture: () => HTMLVideoElement): () => number | null {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [32, 24];
  const brush = canvas.getContext('2d', { willReadFrequently: true });
  return () => {
    const video = picture();
    if (brush === null || video.srcObject === null || video.readyState < 2) return null;
    brush.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data } = brush.getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    // The weights of red, green and blue: ITU-R BT.709.
    for (let at = 0; at < data.length; at += 4)
      sum += 0.2126 * (data[at] ?? 0) + 0.7152 * (data[at + 1] ?? 0) + 0.0722 * (data[at + 2] ?? 0);
    return (sum * 4) / data.length;
  };
}
