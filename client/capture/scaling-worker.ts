/**
 * The worker that scales the pictures of a camera. A canvas of the page would stand still while the page is hidden, and a
 * recording with it; a worker does not.
 */

/** What the page hands over: the camera's pictures, and where they go. */
interface Pipe {
  readable: ReadableStream<VideoFrame>;
  writable: WritableStream<VideoFrame>;
}

/** The part of the worker's global scope that is used here. The types of the DOM, which check the pages, lack it. */
interface WorkerScope {
  postMessage(message: 'flows'): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<Pipe>) => void): void;
}

const scope = globalThis as unknown as WorkerScope;
// Pictures that a canvas keeps in the memory of the graphics card are slow to read, and the recorder reads each of them.
const canvas = new OffscreenCanvas(2, 2);
const brush = canvas.getContext('2d', { alpha: false, willReadFrequently: true });

/** The frame in the size in which the page shows it: the same frame where it has that size. */
function toShownSize(frame: VideoFrame): VideoFrame {
  const { displayWidth: width, displayHeight: height, visibleRect, timestamp, duration } = frame;
  if (!brush || !visibleRect || (visibleRect.width === width && visibleRect.height === height)) return frame;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  brush.drawImage(frame, 0, 0, width, height);
  const scaled = new VideoFrame(canvas, { timestamp, ...(duration !== null && { duration }), alpha: 'discard' });
  frame.close();
  return scaled;
}

scope.addEventListener('message', ({ data: { readable, writable } }) => {
  let flows = false;
  const scaling = new TransformStream<VideoFrame, VideoFrame>({
    transform(frame, controller) {
      controller.enqueue(toShownSize(frame));
      if (!flows) scope.postMessage('flows');
      flows = true;
    },
  });
  // Ends with the camera; a recorder that listens to the track learns of it there.
  void readable
    .pipeThrough(scaling)
    .pipeTo(writable)
    .catch(() => {});
});
