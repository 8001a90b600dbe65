/** The texts that the view computes: sentences, figures, and the receipt as plain text. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_QUALITY } from '../../../client/capture/quality.ts';
import { en } from '../../../client/i18n/en.ts';
import { th } from '../../../client/i18n/th.ts';
import { vi } from '../../../client/i18n/vi.ts';
import { qualityWords } from '../../../client/view/device-check.ts';
import { formatBytes, formatMoment, formatTime } from '../../../client/view/format.ts';
import { warningMs } from '../../../client/view/hints.ts';
import { receiptText } from '../../../client/view/receipt.ts';
import { roundWait, type UploadProgress, uploadProgressWords } from '../../../client/view/upload-progress.ts';

describe('uploadProgressWords', () => {
  const way: UploadProgress = {
    recordedBytes: 1_000_000,
    persistedBytes: 1_000_000,
    ackedBytes: 900_000,
    network: 'online',
    bytesPerMs: 100,
    growing: true,
    arrived: false,
    held: false,
    uplinkKbps: null,
    voiceAlone: false,
  };
  const say = (change: Partial<UploadProgress>) => uploadProgressWords({ ...way, ...change }, en);

  test('while the candidate speaks, less than 3 s of unsent video is not mentioned', () => {
    expect(say({})).toBe('Safe so far.');
    expect(say({ recordedBytes: 0, ackedBytes: 0, bytesPerMs: null })).toBe('Safe so far.');
  });

  test('more unsent video is given in seconds', () => {
    expect(say({ ackedBytes: 0 })).toBe('10 s of video still to send');
    expect(say({ growing: false })).toBe('1 s of video still to send');
    expect(say({ growing: false, voiceAlone: true })).toBe('1 s of sound still to send');
    expect(say({ growing: false, ackedBytes: 999_990 })).toBe('1 s of video still to send');
  });

  test('where the candidate waits, and the uplink is measured, it is said how long that will take', () => {
    const wait = { growing: false, ackedBytes: 0, uplinkKbps: 500 };
    expect(say(wait), '16 s').toBe('About 20 s left');
    expect(say({ ...wait, uplinkKbps: 40 }), '200 s').toBe('About 4 minutes left');
    expect(say({ ...wait, uplinkKbps: 8000 }), '1 s').toBe('10 s of video still to send');
    expect(say({ ...wait, network: 'stalled' })).toContain('The connection has stalled.');
    expect(say({ ...wait, growing: true }), 'while the candidate speaks').toBe('10 s of video still to send');
    expect([3, 5, 5.1, 20, 21, 55, 111, 116, 121].map(roundWait)).toEqual([5, 5, 10, 20, 30, 60, 120, 120, 180]);
  });

  test('what waits for another log-in is not said to be sent', () => {
    expect(say({ held: true })).toBe('Kept on this device.');
    expect(say({ held: true, growing: false, uplinkKbps: 500 })).toBe('Kept on this device.');
  });

  test('unsent video of an unknown rate is given in bytes', () => {
    expect(say({ growing: false, bytesPerMs: null })).toBe('100 kB still to send');
  });

  test('a lost connection is mentioned before the unsent video', () => {
    expect(say({ network: 'offline', ackedBytes: 0 })).toBe(
      'No connection. Nothing is lost. 10 s of video still to send',
    );
    expect(say({ network: 'stalled' })).toBe('The connection has stalled. Nothing is lost. 1 s of video still to send');
    expect(say({ network: 'offline', ackedBytes: 1_000_000 })).toBe('No connection. Nothing is lost.');
  });

  test('bytes that are sent are not yet confirmed', () => {
    expect(say({ growing: false, ackedBytes: 1_000_000 })).toBe('All of it is sent. The server is checking it.');
    expect(say({ growing: false, ackedBytes: 1_000_000, arrived: true, network: 'offline' })).toBe(
      'Arrived in full, and checked.',
    );
  });
});

test('the warning comes 30 s before the limit, or in its last fifth', () => {
  expect([600, 150, 100, 60, 5].map(warningMs)).toEqual([30_000, 30_000, 20_000, 12_000, 1000]);
});

test('times, sizes and dates as text', () => {
  expect([0, 999, 61_000, 600_000].map(formatTime)).toEqual(['0:00', '0:00', '1:01', '10:00']);
  expect(formatBytes(840_000, 'en')).toBe('840 kB');
  expect(formatBytes(1_240_000, 'vi')).toBe('1,2 MB');
  expect(formatMoment('nonsense', 'en')).toBe('nonsense');
});

test('the connection in words', () => {
  const quality = {
    width: 1280,
    height: 720,
    frameRate: 30,
    videoBitsPerSecond: 1_150_000,
    audioBitsPerSecond: 64_000,
  };
  expect(qualityWords(DEFAULT_QUALITY, en), 'of a connection that could not be measured').toBe('');
  const say = (videoBitsPerSecond: number) => qualityWords({ ...quality, videoBitsPerSecond }, en);
  expect(say(2_500_000)).toBe(en.check.quality.great);
  expect(say(300_000)).toBe(en.check.quality.slow);
  expect(qualityWords(quality, vi)).toBe('Kết nối của bạn tốt.');
});

describe('receiptText', () => {
  const receipt = {
    title: 'First interview',
    userName: 'Nguyễn Văn A',
    folder: '03_12_2025_13_39_nguyen_van_a',
    finishedAt: '2025-12-03T06:58:12Z',
    answers: [1, 2].map((question) => ({
      question,
      fileName: `Q${question}.webm`,
      bytes: 1_234_567,
      sha256: String(question).repeat(64),
      receivedAt: '2025-12-03T06:41:30Z',
    })),
    recordedMs: { 1: 62_000 },
  };

  test.each([en, vi, th])('holds every fact in $lang', (messages) => {
    const text = receiptText(receipt, messages);
    for (const fact of ['Nguyễn Văn A', receipt.folder, 'Q1.webm', '1:02', '1234567 B', '2025-12-03T06:41:30Z']) {
      expect(text).toContain(fact);
    }
    for (const { sha256 } of receipt.answers) expect(text).toContain(sha256);
    expect(text, 'the length of an answer that another device recorded is unknown').toContain(messages.receipt.unknown);
    expect(text).not.toMatch(/undefined|NaN|[^\r]\n/);
  });
});
