/** English words of the device check and the practice question. */

/** English words of the device check and the practice question. */
export const check = {
  check: {
    heading: 'Check camera and microphone',
    back: (answered: number, count: number, next: number) =>
      `Welcome back. ${answered} of ${count} answers have arrived; you go on with question ${next}.`,
    plan: [
      'The questions come one at a time. Recording begins by itself, after a count of three.',
      'When you have said all you want to say, go on with the button below the question.',
      'If the connection drops, just keep speaking. Your answer stays on this device until it has arrived.',
    ],
    /** The first line of the plan if a question gives time to think. */
    planThinking: 'The questions come one at a time. Where you get time to think first, a countdown shows it.',
    howItWorks: 'How it works',
    tipsTitle: 'Tips for a good picture and sound',
    tips: [
      'Sit so that a window or a lamp lights your face from the front.',
      'Prop up your phone at the height of your eyes, so that your hands are free.',
      'Choose a quiet place, and switch off other sounds.',
      'A headset makes your voice clearer.',
      'Charge the battery, or stay near a socket.',
    ],
    camera: 'Camera',
    microphone: 'Microphone',
    cameraNumber: (n: number) => `Camera ${n}`,
    microphoneNumber: (n: number) => `Microphone ${n}`,
    level: 'Microphone level',
    /** The status line until a voice was heard. */
    speak: 'Almost ready. Please say a few words.',
    unheard: 'We can’t hear you yet.',
    levelHint: 'This bar moves when we hear you.',
    heard: 'We have heard you.',
    silent: 'Is the right microphone chosen, and is it switched on?',
    start: 'Start interview',
    startUnheard: 'We have not heard you yet. Start all the same?',
    startAllTheSame: 'Start all the same',
    speakFirst: 'Check my microphone',
    /** What would make the recording better: each one line, with what to do. */
    hints: {
      dark: 'Your picture is dark. Turn to a window or a lamp.',
      battery: 'The battery is low. Please connect a charger if you can.',
      room: 'This device is almost full. Please delete photos or videos that you do not need.',
      slow: 'Your connection is slow: small picture, clear voice. Move closer to the router if you can.',
    },
    preview: 'Your picture, as the camera sees it',
    noPicture: 'No picture yet',
    hidePicture: 'Hide my picture',
    showPicture: 'Show my picture',
    pictureHidden: 'Hidden from you only. Your answers are recorded with your picture.',
    quality: {
      measuring: 'Measuring your connection…',
      great: 'Your connection is very good.',
      good: 'Your connection is good.',
      slow: 'Your connection is slow, but good enough.',
    },
  },

  /** An answer by voice alone. */
  voice: {
    choose: 'Answer by voice alone',
    camera: 'Answer with the camera',
    offerFailed: 'It works without a camera, too: your voice is enough.',
    offerSlow: 'Your connection is very weak. Your voice alone gets through more easily.',
    chosen: 'You answer by voice alone. The camera stays off.',
    heading: 'Check your microphone',
    requesting: 'Your browser may ask you: please allow the microphone.',
    notReady: 'The microphone is not ready yet.',
    ready: 'The microphone works. Start when you like.',
    recording: 'Recording',
    picture: 'By voice alone',
    unsent: (s: number) => `${s} s of sound still to send`,
  },

  practice: {
    open: 'Practice question',
    heading: 'Practice',
    question: 'What do you like about the place where you live?',
    note: 'Practice: nothing of this is sent or kept.',
    stop: 'Stop',
    again: 'Try once more',
    back: 'Back to the check',
  },
};
