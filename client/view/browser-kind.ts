/** Which browser this is, as far as the way to allow a camera differs. */

export type BrowserKind =
  | 'chrome-android'
  | 'samsung'
  | 'firefox-android'
  | 'chromium-desktop'
  | 'firefox-desktop'
  | 'safari-mac'
  | 'safari-ios'
  /** Chrome, Firefox, Edge on iOS: permitted in the system's settings only. */
  | 'other-ios'
  | 'zalo'
  | 'facebook'
  | 'line'
  /** Inside some other app, whose pages seldom get a camera. */
  | 'in-app'
  | 'other';

/**
 * By the user agent, since nothing else tells these apart. `maxTouchPoints` unmasks an iPad, which calls itself a Mac.
 * A wrong guess costs nothing but the wrong sentence.
 */
export function browserKind(userAgent: string, maxTouchPoints = 0): BrowserKind {
  const has = (pattern: RegExp) => pattern.test(userAgent);
  if (has(/\bZalo/i)) return 'zalo';
  if (has(/FBAN|FBAV|FB_IAB|\bMessenger/)) return 'facebook';
  if (has(/\bLine\//i)) return 'line';
  if (has(/Instagram|TikTok|musical_ly|BytedanceWebview|MicroMessenger|Snapchat|LinkedInApp|GSA\/|; wv\)/)) {
    return 'in-app';
  }
  if (has(/iPhone|iPad|iPod/) || (has(/Macintosh/) && maxTouchPoints > 1)) {
    if (has(/CriOS|FxiOS|EdgiOS|OPT\//)) return 'other-ios';
    // A WebView of an unknown app does not call itself Safari.
    return has(/Safari\//) ? 'safari-ios' : 'in-app';
  }
  if (has(/Android/)) {
    if (has(/SamsungBrowser/)) return 'samsung';
    if (has(/Firefox\//)) return 'firefox-android';
    return has(/Chrome\//) ? 'chrome-android' : 'other';
  }
  if (has(/Firefox\//)) return 'firefox-desktop';
  if (has(/Chrome\//)) return 'chromium-desktop';
  return has(/Macintosh.*Safari\//) ? 'safari-mac' : 'other';
}
