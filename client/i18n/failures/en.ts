/** English words for failures: alerts, the server's problems, and how to allow the camera in each browser. */
import type { AlertCode } from '../../interview/state.ts';
import type { BrowserKind } from './browser-kind.ts';

/** What a sentence about a problem may mention. */
export interface ProblemFacts {
  retryAfterSeconds: number | null;
  /** Questions, from 1, whose answer has not arrived. */
  missing: number[];
}

interface AlertWords {
  title: string;
  text: string;
}

const openOutside = (app: string, menu: string, entry: string) => [
  `This page is open inside ${app}, where it can’t use the camera. Tap ${menu} and choose “${entry}”.`,
  'Log in there once more with the link or the token from your invitation. Nothing that arrived is lost.',
];
const tryAgain = 'Come back to this page and press “Try again”.';

/** English words for every failure; every other language has words for the same failures. */
export const failures = {
  /** How to allow the camera and the microphone, step by step. */
  allow: {
    'chrome-android': [
      'Tap the icon to the left of the address, at the top of the screen.',
      'Tap “Permissions”, and allow the camera and the microphone.',
      tryAgain,
    ],
    samsung: [
      'Tap the icon to the left of the address.',
      'Tap “Permissions”, and allow the camera and the microphone.',
      tryAgain,
    ],
    'firefox-android': [
      'Tap the shield or the lock to the left of the address.',
      'Tap the camera and the microphone until both say “Allowed”.',
      tryAgain,
    ],
    'chromium-desktop': [
      'Click the icon to the left of the address (two sliders or a lock).',
      'Switch on the camera and the microphone.',
      'Press “Try again”. If both are on already, allow them for this browser in your computer’s privacy settings.',
    ],
    'firefox-desktop': [
      'Click the crossed-out camera or microphone to the left of the address.',
      'Remove “Blocked” beside the camera and the microphone.',
      'Press “Try again”, and choose “Allow” when Firefox asks.',
    ],
    'safari-mac': [
      'In the menu at the top of the screen, choose Safari › Settings › Websites.',
      'Under Camera and under Microphone, choose “Allow” for this site.',
      tryAgain,
    ],
    'safari-ios': [
      'Tap the small icon at the edge of the address bar, then “Website Settings” (it may be behind “…”).',
      'Set Camera and Microphone to “Allow”.',
      'Press “Try again”. If they can’t be changed there: Settings › Apps › Safari › Camera and Microphone.',
    ],
    'other-ios': [
      'Open the Settings of your iPhone or iPad, and choose this browser among the apps.',
      'Switch on Camera and Microphone.',
      tryAgain,
    ],
    zalo: openOutside('Zalo', '“⋯” at the top right', 'Open in browser'),
    facebook: openOutside('Facebook or Messenger', '“⋯” at the corner of the screen', 'Open in external browser'),
    line: openOutside('LINE', '“⋮” or the share icon', 'Open in other app'),
    'in-app': openOutside('another app', 'its menu (“⋯” or “⋮”)', 'Open in browser'),
    other: [
      'Look for an icon beside the address (a lock, sliders or a camera) and press it.',
      'Allow the camera and the microphone.',
      tryAgain,
    ],
  } satisfies Record<BrowserKind, string[]>,

  /** By the code of the page's alert. */
  alerts: {
    'permission-refused': {
      title: 'The camera or the microphone is not allowed',
      text: 'Nothing is lost. This is how to allow them:',
    },
    'no-camera': {
      title: 'We found no camera or no microphone',
      text: 'Nothing is lost. Plug one in or switch it on, then press “Try again”. Or open your link on a phone: it has both.',
    },
    'camera-busy': {
      title: 'The camera or the microphone is in use',
      text: 'Nothing is lost. Close other programs and tabs that use it, such as a video call, then press “Try again”.',
    },
    'camera-waits': {
      title: 'Please allow the camera and the microphone',
      text: 'Your browser asks for them at the top or the bottom of the screen; you can take your time. If it asks nothing, close other programs that use the camera, then press “Try again”.',
    },
    'insecure-page': {
      title: 'The camera can’t be used at this address',
      text: 'Browsers lend the camera to secure addresses only. Open your link with https:// in front, or ask the person who invited you for a secure link.',
    },
    'no-media-recorder': {
      title: 'This browser cannot record video',
      text: 'Open your link in a current Chrome, Edge or Firefox, or in Safari 14.1 or newer. If you opened it inside another app, choose “Open in browser”.',
    },
    'recording-interrupted': {
      title: 'The recording stopped by itself',
      text: 'The camera or the microphone went away: a call, a plug or another program may be the reason. What you have said so far is safe.',
    },
    'recording-silent': {
      title: 'A part of your answer was not recorded',
      text: 'This device stopped recording sound or picture, without telling us. What it had recorded is safe.',
    },
    'recording-restarted': {
      title: 'The recording had to start again',
      text: 'This device did not start recording as it should. It is recording now: please give your answer from the beginning.',
    },
    'practice-broken': {
      title: 'The practice recording stopped early',
      text: 'This device stopped recording sound or picture. Press “Try once more”. If it happens again, close other programs that use the camera, or open your link in another browser.',
    },
    'recorder-failed': {
      title: 'This device can’t record at the moment',
      text: 'Nothing is lost. Close other programs and tabs that use the camera, then press “Try again”. If that does not help, open your link in another browser or on a phone: everything goes on from here.',
    },
    'picture-still': {
      title: 'Your picture is frozen',
      text: 'The camera sends no picture right now. Your voice is still being recorded: just keep speaking.',
    },
    'storage-refused': {
      title: 'This device cannot keep your answer',
      text: 'Free some space, or leave private browsing, then press “Try again”. What has already arrived stays safe.',
    },
    'storage-slow': {
      title: 'The storage of this device can’t be opened yet',
      text: 'Your recordings are in it, and nothing is lost. Keep this page open: it goes on by itself. If nothing happens, press “Try again”, or close the browser and open your link once more.',
    },
    'signed-out': {
      title: 'Your token is no longer accepted',
      text: 'It may have expired or been withdrawn. What you recorded stays on this device. Ask the person who invited you, then log in again on this device: everything goes on from here.',
    },
    'no-connection': {
      title: 'The server can’t be reached at the moment',
      text: 'Nothing is lost. Check your connection and keep this page open: it goes on by itself.',
    },
    'in-the-way': {
      title: 'Something between you and us answers in our place',
      text: 'Your network may want you to log in first, as in a hotel or a café, or it blocks this page. Nothing is lost. Log in to it, or try another network, e.g. mobile data; this page goes on by itself.',
    },
    'second-tab': {
      title: 'This interview is open in another tab',
      text: 'Go on there, or close that tab and press “Try again” here.',
    },
    'not-kept': {
      title: 'This browser keeps nothing on the device',
      text: 'You can go on. Your answers are sent while you speak, but please do not reload or close this page before the end.',
    },
    'no-offline-reload': {
      title: 'Without a connection, please don’t reload this page',
      text: 'Everything else works, and your answers are kept on this device. Only loading the page anew needs the connection at this address.',
    },
    'working-offline': {
      title: 'You are offline, and you can go on',
      text: 'Your answers are kept on this device. They are sent by themselves as soon as there is a connection.',
    },
    'storage-full': {
      title: 'This device is full',
      text: 'The recording goes on, and your answer is sent from this page. Please do not close it. To be on the safe side, save a copy.',
    },
    'copy-failed': {
      title: 'The copy could not be saved',
      text: 'Your answer is still on this page. Keep the page open. If you can, free some space and try once more.',
    },
    'device-muted': {
      title: 'No signal from the camera or the microphone',
      text: 'A call or a switch on the device may be the reason. The recording goes on; end the call or switch it on again, and repeat what was missed.',
    },
    'page-was-hidden': {
      title: 'This page was in the background',
      text: 'Phones stop the camera then, so something may be missing. The recording goes on: please stay on this page, and repeat what you just said.',
    },
    'take-lost': {
      title: 'This answer is no longer on this device',
      text: 'The browser’s data was deleted before the whole answer had arrived. Please answer this question again; if the page does not offer it, reload the page.',
    },
    'digest-mismatch': {
      title: 'Your answer did not arrive as it was recorded',
      text: 'The whole recording is still on this device. Keep this page open and tell the person who invited you.',
    },
    refused: {
      title: 'The server did not accept this',
      text: 'What you recorded stays on this device. Tell the person who invited you what it says here:',
    },
    unexpected: {
      title: 'Something went wrong on this page',
      text: 'What you recorded stays on this device. Press “Try again”; if that does not help, reload the page.',
    },
  } satisfies Record<AlertCode, AlertWords>,

  /** For a problem with a code that has no words below; `detail` is the server's English. */
  otherProblem: (_code: string, detail: string) => detail,

  /** By the code of the server's problem. */
  problems: {
    unauthorized: () =>
      'This token and this name do not go together, or the token has expired. Check both against your invitation.',
    'sessions-used-up': () =>
      'This token has been used: its interview is finished. Ask the person who invited you if you need another.',
    'too-many-attempts': ({ retryAfterSeconds }: ProblemFacts) =>
      retryAfterSeconds === null
        ? 'Too many attempts. Please wait a minute, then try again.'
        : `Too many attempts. Please try again in ${retryAfterSeconds === 1 ? '1 second' : `${retryAfterSeconds} seconds`}.`,
    'answers-missing': ({ missing }: ProblemFacts) =>
      `Not every answer has arrived yet. Still on the way: question ${missing.join(', ')}.`,
    'invalid-field': () => 'Something in the token or the name cannot be read. Please type both again.',
    'session-finished': () => 'This interview is already finished. Every answer has arrived; nothing can be added.',
    'session-not-found': () => 'This interview does not belong to your token. Log in again with your link.',
    'answer-too-large': () =>
      'This answer is longer than the server takes. What has arrived is kept. Tell the person who invited you.',
    'session-too-large': () =>
      'Your answers together are larger than the server takes. What has arrived is kept. Tell the person who invited you.',
    'not-a-recording': () =>
      'The server does not know this kind of recording. Try another browser: Chrome, Edge or Firefox.',
    'too-many-uploads': () => 'Too many answers are on their way at once. Keep this page open: it goes on by itself.',
    'upload-damaged': () =>
      'The server has lost a part of this answer. It is whole on this device: keep this page open, and tell the person who invited you.',
    internal: () => 'Something went wrong on the server. Nothing that arrived is lost. Please try again in a moment.',
    unavailable: () => 'The server is not ready at this moment. Nothing is lost. Please try again shortly.',
    'disk-full': () => 'The server has no room at this moment. Keep this page open: it goes on by itself.',
    offline: () => 'The server cannot be reached. Check your connection, then try again.',
    'bad-gateway': () =>
      'The server gives no proper answer right now, or your network answers in its place. Please try again in a moment, or on another network, e.g. mobile data.',
  },
};
