/** The platform's MediaRecorder as far as recorder.ts uses it; the test delivers what it records. */
export class FakeRecorder extends EventTarget {
  static made: FakeRecorder[] = [];
  static supported: (type: string) => boolean = () => true;
  static isTypeSupported = (type: string) => FakeRecorder.supported(type);

  state: RecordingState = 'inactive';
  readonly options: MediaRecorderOptions & { videoKeyFrameIntervalDuration?: number };
  readonly mimeType: string;

  constructor(_stream: MediaStream, options: MediaRecorderOptions = {}) {
    super();
    this.options = options;
    this.mimeType = options.mimeType ?? '';
    FakeRecorder.made.push(this);
  }

  start(): void {
    this.state = 'recording';
  }

  stop(): void {
    if (this.state === 'inactive') return;
    this.state = 'inactive';
    this.dispatchEvent(new Event('stop'));
  }

  deliver(text: string): void {
    this.dispatchEvent(Object.assign(new Event('dataavailable'), { data: new Blob([text]) }));
  }
}
