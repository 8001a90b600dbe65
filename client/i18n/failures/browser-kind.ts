/** Kinds of browser that differ in how a person allows a page to use the camera. */
export type BrowserKind =
  | 'chrome-android'
  | 'samsung'
  | 'firefox-android'
  | 'chromium-desktop'
  | 'firefox-desktop'
  | 'safari-mac'
  | 'safari-ios'
  /** Chrome, Firefox and Edge on iOS: only the system's settings allow the camera. */
  | 'other-ios'
  | 'zalo'
  | 'facebook'
  | 'line'
  /** The browser inside another app, whose pages seldom get a camera. */
  | 'in-app'
  | 'other';

/**
 * The kind of a browser by its user agent, since nothing else distinguishes these browsers. An iPad calls itself a Mac
 * and is known by its `maxTouchPoints`. A wrong guess only gives the candidate the wrong steps to read.
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
