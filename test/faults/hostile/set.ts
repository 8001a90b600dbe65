/** The hostile set: files that a client may send instead of an answer, and how a job must end for each. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ffmpegPath } from '../../support/media/media.ts';
import { FRAGMENTED_MP4, LIKE_MEDIA_RECORDER, MATROSKA, type openMediaJobs } from '../../support/media/media-job.ts';
import { withOutsideMedia } from './outside-media.ts';
import * as bytes from './webm-bytes.ts';

/** One hostile file. */
export interface Hostile {
  name: string;
  file: string;
  /** The container that the storage has recorded, whatever the file is. */
  container: 'webm' | 'mp4';
  /** The reason with which the job fails; null: it makes a correct copy. */
  ends: RegExp | null;
}

const HOUR_MS = 3_600_000;
const EBML = Buffer.from('1a45dfa3', 'hex');

/** Targets that must not be reached. */
interface Bait {
  /** A file that the playlists name. */
  canary: string;
  /** The port of a server that the playlists name. */
  port: number;
}

/** Texts that make a plain ffmpeg open other files or connections, by their format. */
export function playlists({ canary, port }: Bait): Record<string, string> {
  const segments = [canary, '/etc/passwd', `http://127.0.0.1:${port}/segment.ts`];
  return {
    hls: `#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-TARGETDURATION:10\n${segments.map((each) => `#EXTINF:10,\n${each}\n`).join('')}#EXT-X-ENDLIST\n`,
    ffconcat: `ffconcat version 1.0\n${segments.map((each) => `file '${each}'\n`).join('')}`,
    svg: `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="file://${canary}"/><image xlink:href="http://127.0.0.1:${port}/"/></svg>`,
    xml: `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file://${canary}">]><MPD><BaseURL>${canary}</BaseURL>&a;</MPD>`,
  };
}

/** Writes all hostile files. */
export function hostileSet(jobs: ReturnType<typeof openMediaJobs>, bait: Bait): Hostile[] {
  const set: Hostile[] = [];
  const add = (name: string, content: Buffer | string, container: 'webm' | 'mp4', ends: RegExp | null) => {
    const file = path.join(jobs.root, `${name.replace(/\W+/g, '-')}.${container}`);
    writeFileSync(file, content);
    set.push({ name, file, container, ends });
  };
  for (const [kind, text] of Object.entries(playlists(bait))) {
    add(`${kind} as text`, text, 'webm', /^it is no webm file$/);
    add(
      `${kind} after the first bytes of a WebM`,
      Buffer.concat([EBML, Buffer.from(text)]),
      'webm',
      /^it can’t be read/,
    );
    add(
      `${kind} after the first box of an MP4`,
      Buffer.concat([Buffer.from('\0\0\0\x10ftypisom\0\0\0\0'), Buffer.from(text)]),
      'mp4',
      /^it can’t be read/,
    );
  }

  const good = readFileSync(
    jobs.record('good.webm', { video: 'vp8', audio: 'opus', seconds: 1, format: LIKE_MEDIA_RECORDER }),
  );
  const goodMp4 = readFileSync(
    jobs.record('good.mp4', { video: 'h264', audio: 'aac', seconds: 1, format: FRAGMENTED_MP4 }),
  );
  const atEnd = readFileSync(
    jobs.record('at-end.mp4', { video: 'h264', audio: 'aac', seconds: 1, format: ['-f', 'mp4'] }),
  );
  add(
    'an MP4 whose media is in another file',
    withOutsideMedia(atEnd, bait.canary),
    'mp4',
    /^no picture and no sound in it can be read$/,
  );
  add('0 bytes', '', 'webm', /^it is empty$/);
  add('4 bytes', EBML, 'webm', /^it is no webm file$/);
  add('an MP4 as WebM', goodMp4, 'webm', /^it is no webm file$/);
  add('a WebM as MP4', good, 'mp4', /^it is no mp4 file$/);
  add('a Matroska header and no more', good.subarray(0, 40), 'webm', /^it breaks off before its first picture$/);
  add(
    '10,000 streams',
    bytes.webm({ tracks: Array.from({ length: 10_000 }, (_, index) => bytes.opusTrack(index + 1)) }),
    'webm',
    /^it has more than 8 streams/,
  );

  add(
    '100 hours in 1 kB',
    bytes.webm({ blocks: [...bytes.silence(200), { atMs: 100 * HOUR_MS }] }),
    'webm',
    /^it claims to last 100 hours; 4 are allowed$/,
  );
  add(
    'years',
    bytes.webm({ blocks: [{ atMs: 0 }, { atMs: 20 * 365 * 24 * HOUR_MS }] }),
    'webm',
    /^it claims to last \d+ hours; 4 are allowed$/,
  );
  add(
    'time that ends beyond 64 bits',
    bytes.webm({ blocks: [{ atMs: 0 }, { atMs: Number.MAX_SAFE_INTEGER }], timestampScale: 4_000_000_000 }),
    'webm',
    /hours; 4 are allowed|can’t be read|no picture and no sound/,
  );
  add('a second that says it is 100 hours', bytes.webm({ duration: 100 * HOUR_MS }), 'webm', null);
  const large = {
    tracks: [bytes.vp8Track(1, 16_383, 16_383)],
    blocks: [
      { atMs: 0, data: bytes.vp8KeyFrame(16_383, 16_383) },
      { atMs: 100, data: bytes.vp8KeyFrame(16_383, 16_383) },
    ],
  };
  add('a huge picture', bytes.webm(large), 'webm', /^its picture /);
  add(
    'a huge picture that says it is small',
    bytes.webm({ ...large, tracks: [bytes.vp8Track(1, 64, 64)] }),
    'webm',
    /^its picture |^its first frame can’t be decoded|^its last frame/,
  );
  const bomb = bytes.bomb(3_000_000);
  add(
    'packets that grow a thousand times',
    bytes.webm({
      tracks: [bytes.vp8Track(1, 64, 64, bytes.ZLIB)],
      blocks: Array.from({ length: 40 }, (_, index) => ({ atMs: index * 20, data: bomb })),
    }),
    'webm',
    /^what is made of it is larger than \d+ bytes$/,
  );

  for (const video of ['mpeg4', 'mjpeg'] as const) {
    jobs.record(`${video}.webm`, { video, format: MATROSKA });
    add(
      `the codec ${video}`,
      readFileSync(path.join(jobs.root, `${video}.webm`)),
      'webm',
      new RegExp(`^its (video )?codec ${video} is not allowed`),
    );
  }

  const noise = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 2_654_435_761) >>> 13));
  add('noise after a valid header', Buffer.concat([good.subarray(0, 400), noise]), 'webm', /./);
  add(
    'noise after an MP4’s first box',
    Buffer.concat([goodMp4.subarray(0, 28), noise]),
    'mp4',
    /^it can’t be read|^no picture/,
  );
  add(
    'noise after an MP4’s index',
    Buffer.concat([goodMp4.subarray(0, goodMp4.indexOf('moof') - 4), noise]),
    'mp4',
    /^it can’t be read|^no picture/,
  );

  const luggage = path.join(jobs.root, 'luggage.webm');
  const words = path.join(jobs.root, 'words.srt');
  writeFileSync(words, '1\n00:00:00,000 --> 00:00:01,000\nhello\n');
  execFileSync(ffmpegPath(), [
    ...[
      '-v',
      'error',
      '-y',
      '-i',
      path.join(jobs.root, 'good.webm'),
      '-attach',
      words,
      '-metadata:s:t',
      'mimetype=text/plain',
    ],
    ...['-metadata', 'title=<script>', '-c', 'copy', '-f', 'matroska', luggage],
  ]);
  set.push({ name: 'an attachment and a title', file: luggage, container: 'webm', ends: null });
  return set;
}
