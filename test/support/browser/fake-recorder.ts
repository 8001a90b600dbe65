/** How a fake recorder behaves that is out of order. */
export interface Disorder {
  /** The types that can't be started although they are supported. */
  refuses?: (type: string) => boolean;
  /** It never says that it has stopped. */
  neverStops?: boolean;
}

/** The part of the platform's MediaRecorder that recorder.ts uses; the test delivers the chunks. */
export class FakeRecorder extends EventTarget {
  static made: FakeRecorder[] = [];
  static supported: (type: string) => boolean = () => true;
  static disorder: Disorder = {};
  static isTypeSupported = (type: string) => FakeRecorder.supported(type);

  /** Forgets the recorders of earlier tests, and puts everything in order. */
  static reset(supported: (type: string) => boolean = () => true): void {
    FakeRecorder.made = [];
    FakeRecorder.supported = supported;
    FakeRecorder.disorder = {};
  }

  state: RecordingState = 'inactive';
  readonly options: MediaRecorderOptions & { videoKeyFrameIntervalDuration?: number };
  readonly mimeType: string;
  /** How often it was asked for what it has. */
  asked = 0;

  constructor(_stream: MediaStream, options: MediaRecorderOptions = {}) {
    super();
    this.options = options;
    this.mimeType = options.mimeType ?? '';
    FakeRecorder.made.push(this);
  }

  start(): void {
    if (FakeRecorder.disorder.refuses?.(this.mimeType)) throw new DOMException('', 'NotSupportedError');
    this.state = 'recording';
  }

  pause(): void {
    this.state = 'paused';
  }

  requestData(): void {
    this.asked += 1;
  }

  stop(): void {
    if (this.state === 'inactive') return;
    this.state = 'inactive';
    if (!FakeRecorder.disorder.neverStops) this.dispatchEvent(new Event('stop'));
  }

  deliver(data: string | Uint8Array<ArrayBuffer>): void {
    this.dispatchEvent(Object.assign(new Event('dataavailable'), { data: new Blob([data]) }));
  }

  /** An error ends it: MediaStream Recording, section 2.3. */
  fail(): void {
    this.state = 'inactive';
    this.dispatchEvent(Object.assign(new Event('error'), { error: new DOMException('', 'UnknownError') }));
    if (!FakeRecorder.disorder.neverStops) this.dispatchEvent(new Event('stop'));
  }
}
