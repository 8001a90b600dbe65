/** What the page can say in `role=alert`, and what the device check suggests. Words: i18n/failures/, i18n/check/. */

/** What the page says in `role=alert`. */
export interface Alert {
  code: AlertCode;
  /** The server's or the browser's own sentence, where there is one. */
  detail?: string;
  /** The code of the server's problem, for which the page may have words. */
  problem?: string;
}

/** What an alert is about. The page has words for each code. */
export type AlertCode =
  | 'permission-refused' // getUserMedia NotAllowedError
  | 'no-camera' // NotFoundError
  | 'camera-busy' // NotReadableError
  | 'camera-waits' // the browser has been asked for camera and microphone for a while, and has not answered
  | 'insecure-page' // no navigator.mediaDevices outside HTTPS and localhost
  | 'no-media-recorder' // the browser cannot record
  | 'recording-interrupted' // the recorder or its tracks ended by themselves: the take is kept
  | 'recording-silent' // the recorder brought nothing any more: the take is kept
  | 'recording-restarted' // the recorder had recorded next to nothing, and another one has begun
  | 'practice-broken' // the recorder of the practice question brought nothing any more
  | 'recorder-failed' // the recorder records nothing, whatever the type
  | 'picture-still' // the camera delivers no picture: the sound is recorded
  | 'storage-refused' // the device's store cannot be written
  | 'storage-slow' // the device's store does not open, and may hold answers: the page waits for it
  | 'copy-failed' // a copy of a take that is not sent could not be saved as a file
  | 'signed-out' // 401: token expired or revoked
  | 'take-lost' // the device has lost the take before the server held it: the browser's data was deleted
  | 'digest-mismatch' // the server holds other bytes
  | 'no-connection' // the server cannot be reached; the page retries
  | 'in-the-way' // something between the page and the server responds in its place; the page retries
  | 'second-tab' // another tab holds this session
  | 'not-kept' // the device's store cannot be used: what is not sent is lost with the page
  | 'no-offline-reload' // no service worker (an untrusted certificate): a reload needs a connection
  | 'working-offline' // no connection: the interview continues with what the device remembers
  | 'storage-full' // the device is full: the take continues in the page's memory, and can be saved as a file
  | 'device-muted' // camera or microphone deliver nothing (a call, a switch): the recording continues
  | 'page-was-hidden' // the page was in the background while it recorded: phones stop the camera then
  | 'refused' // any other final problem of the server: `detail` describes it
  | 'unexpected'; // an error that no other code expects

/**
 * What would make the recording better. `dark`: the picture. `battery`: below 20 %, without a charger. `room`: the device may
 * be full before the longest answer is kept.
 */
export type Hint = 'dark' | 'battery' | 'room';
