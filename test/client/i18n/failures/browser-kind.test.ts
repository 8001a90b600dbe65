import { describe, expect, test } from 'vitest';
import { browserKind } from '../../../../client/i18n/failures/browser-kind.ts';

const ANDROID = 'Mozilla/5.0 (Linux; Android 14; SM-A145F) AppleWebKit/537.36 (KHTML, like Gecko)';
const WEBVIEW = 'Mozilla/5.0 (Linux; Android 14; SM-A145F; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
const MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15';
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)';

describe('browserKind', () => {
  test.each([
    ['chrome-android', `${ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36`],
    ['chrome-android', `${ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36 EdgA/126.0.0.0`],
    ['samsung', `${ANDROID} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36`],
    ['firefox-android', 'Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0'],
    ['chromium-desktop', `${WINDOWS} Chrome/126.0.0.0 Safari/537.36`],
    ['chromium-desktop', `${WINDOWS} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0`],
    ['firefox-desktop', 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0'],
    ['safari-mac', MAC],
    ['safari-ios', `${IPHONE} Version/17.5 Mobile/15E148 Safari/604.1`],
    ['other-ios', `${IPHONE} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1`],
    ['other-ios', `${IPHONE} FxiOS/127.0 Mobile/15E148 Safari/605.1.15`],
    ['other-ios', `${IPHONE} EdgiOS/126.0.2592.56 Mobile/15E148 Safari/605.1.15`],
    ['zalo', `${WEBVIEW} Chrome/126.0.0.0 Mobile Safari/537.36 Zalo android/12100634 ZaloTheme/light ZaloLanguage/vi`],
    ['zalo', `${IPHONE} Mobile/15E148 Zalo iOS/507 ZaloTheme/light ZaloLanguage/vn`],
    ['facebook', `${WEBVIEW} Chrome/126.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/470.0.0.56.75;]`],
    ['facebook', `${IPHONE} Mobile/15E148 [FBAN/MessengerForiOS;FBAV/461.0.0.34.107;FBBV/602463540]`],
    ['line', `${WEBVIEW} Chrome/126.0.0.0 Mobile Safari/537.36 Line/14.9.1/IAB`],
    ['line', `${IPHONE} Mobile/15E148 Safari Line/14.9.1`],
    ['in-app', `${IPHONE} Mobile/15E148 Instagram 337.0.2.24.92`],
    ['in-app', `${WEBVIEW} Chrome/126.0.0.0 Mobile Safari/537.36 musical_ly_2023501030`],
    ['in-app', `${WEBVIEW} Chrome/126.0.0.0 Mobile Safari/537.36`],
    ['in-app', `${IPHONE} Mobile/15E148`],
    ['other', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15'],
    ['other', ''],
  ])('%s: %s', (kind, userAgent) => {
    expect(browserKind(userAgent)).toBe(kind);
  });

  test('an iPad that calls itself a Mac is recognised by its touch points', () => {
    expect(browserKind(MAC, 5)).toBe('safari-ios');
    expect(browserKind(MAC, 0)).toBe('safari-mac');
  });
});
