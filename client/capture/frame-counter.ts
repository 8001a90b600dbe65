/** Counts the pictures that a camera delivers: a camera can be "live" and deliver none. */

/** Counts until `close`. */
export interface FrameCounter {
  /** Pictures so far; null where this browser can't say. */
  count(): number | null;
  close(): void;
}

/** MediaStreamTrack.stats of the Media Capture and Streams Extensions: Chromium has it, for cameras alone. */
interface CountedTrack extends MediaStreamTrack {
  stats?: { deliveredFrames?: number } | null;
}

/**
 * Counts the pictures of the stream's camera: by the track itself where the browser counts there, else by a video element
 * of its own. An element that has not shown a picture yet may never do so: till then the count is null. Nothing is thrown:
 * without the count a recording goes on all the same.
 */
export function countFrames(stream: MediaStream): FrameCounter {
  const track: CountedTrack | undefined = stream.getVideoTracks()[0];
  // 0 for tracks that no device delivers.
  const delivered = () => orNull(() => track?.stats?.deliveredFrames || null);
  if (!track || delivered() !== null || typeof document === 'undefined') return { count: delivered, close() {} };
  const video = orNull(() => {
    const element = document.createElement('video');
    element.muted = true;
    element.playsInline = true;
    element.srcObject = new MediaStream([track]);
    void element.play().catch(() => {});
    return element;
  });
  return {
    count: () => orNull(() => (video?.paused === false && video.getVideoPlaybackQuality().totalVideoFrames) || null),
    close() {
      orNull(() => video?.pause());
      if (video) video.srcObject = null;
    },
  };
}

function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
