/** The part of a camera's or microphone's track that the capture uses; the test changes it. */
export class FakeTrack extends EventTarget {
  muted = false;
  readyState: MediaStreamTrackState = 'live';
  readonly kind: 'video' | 'audio';

  constructor(kind: 'video' | 'audio') {
    super();
    this.kind = kind;
  }

  /** As in a browser, a track that the page stops says nothing. */
  stop(): void {
    this.readyState = 'ended';
  }

  /** The device goes away. */
  lose(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

/** A stream of these tracks. */
export function fakeStream(...tracks: FakeTrack[]): MediaStream {
  const of = (kind: string) => tracks.filter((track) => track.kind === kind);
  return {
    getTracks: () => [...tracks],
    getVideoTracks: () => of('video'),
    getAudioTracks: () => of('audio'),
  } as unknown as MediaStream;
}
