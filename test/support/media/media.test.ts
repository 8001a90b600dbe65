import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { open, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeMedia, fakeMedia, ffmpegPath, probe, sampleVideo } from './media.ts';

const dir = mkdtempSync(join(tmpdir(), 'tresgo-media-'));
afterAll(() => rmSync(dir, { recursive: true }));

async function begin(file: string, bytes: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    return (await handle.read(Buffer.alloc(bytes), 0, bytes, 0)).buffer;
  } finally {
    await handle.close();
  }
}

describe('fakeMedia', () => {
  let media: FakeMedia;
  beforeAll(async () => {
    media = await fakeMedia();
  }, 60_000);

  it('has a camera that moves', async () => {
    expect(media.camera).toMatch(/camera\.mjpeg$/);
    expect((await begin(media.camera, 2)).toString('hex')).toBe('ffd8');
    expect((await stat(media.camera)).size).toBeLessThan(10_000_000);
    expect(await probe(media.camera)).toMatchObject({
      hasVideo: true,
      hasAudio: false,
      videoFrames: 300,
      decodeErrors: [],
    });
  }, 30_000);

  it('has a microphone that speaks: 48 kHz, mono, 16 bit', async () => {
    const head = await begin(media.voice, 44);
    expect(head.toString('latin1', 0, 4) + head.toString('latin1', 8, 16)).toBe('RIFFWAVEfmt ');
    expect([head.readUInt16LE(20), head.readUInt16LE(22), head.readUInt32LE(24), head.readUInt16LE(34)]).toEqual([
      1, 1, 48_000, 16,
    ]);
    const { durationSeconds, hasVideo, decodeErrors } = await probe(media.voice);
    expect(durationSeconds).toBeGreaterThan(6);
    expect({ hasVideo, decodeErrors }).toEqual({ hasVideo: false, decodeErrors: [] });
    const samples = (await readFile(media.voice)).subarray(44);
    let loudest = 0;
    for (let at = 0; at + 1 < samples.length; at += 2) loudest = Math.max(loudest, Math.abs(samples.readInt16LE(at)));
    expect(loudest).toBeGreaterThan(3000);
  }, 30_000);

  it('makes each file once', async () => {
    const before = (await stat(media.camera)).mtimeMs;
    expect(await fakeMedia()).toEqual(media);
    expect((await stat(media.camera)).mtimeMs).toBe(before);
  });
});

describe('sampleVideo', () => {
  it.each(['webm', 'mp4'] as const)(
    'makes a real %s that decodes whole',
    async (format) => {
      const [file, again, longer] = await Promise.all([
        sampleVideo({ seconds: 1, format }),
        sampleVideo({ seconds: 1, format }),
        sampleVideo({ seconds: 2, format }),
      ]);
      expect(again).toBe(file);
      expect((await readFile(file)).equals(await readFile(longer))).toBe(false);
      const { durationSeconds, ...rest } = await probe(file);
      expect(rest).toEqual({
        hasVideo: true,
        hasAudio: true,
        videoFrames: 15,
        videoPackets: 15,
        pictureSize: '160x120',
        decodeErrors: [],
      });
      expect(Math.abs(durationSeconds - 1)).toBeLessThan(0.1);
      const head = await begin(file, 12);
      if (format === 'mp4') expect(head.toString('latin1', 4, 8)).toBe('ftyp');
      else expect(head.toString('hex', 0, 4)).toBe('1a45dfa3');
    },
    60_000,
  );
});

describe('probe', () => {
  it('reports media that does not decode', async () => {
    const damaged = join(dir, 'damaged.webm');
    const bytes = await readFile(await sampleVideo({ seconds: 2, format: 'webm' }));
    await writeFile(damaged, bytes.fill(0x5a, Math.round(bytes.length * 0.6), Math.round(bytes.length * 0.75)));
    expect((await probe(damaged)).decodeErrors).not.toEqual([]);

    const text = join(dir, 'text.webm');
    await writeFile(text, 'these are words, not pictures\n');
    const { decodeErrors, ...rest } = await probe(text);
    const nothing = { hasVideo: false, hasAudio: false, pictureSize: '', videoFrames: 0, videoPackets: 0 };
    expect(rest).toEqual({ durationSeconds: 0, ...nothing });
    expect(decodeErrors).not.toEqual([]);
  }, 30_000);

  it('takes the duration from the packets, so that a cut file is found to be shorter', async () => {
    const cut = join(dir, 'cut.webm');
    const bytes = await readFile(await sampleVideo({ seconds: 2, format: 'webm' }));
    await writeFile(cut, bytes);
    await truncate(cut, Math.floor(bytes.length / 2));
    const { durationSeconds } = await probe(cut);
    expect(durationSeconds).toBeGreaterThan(0.3);
    expect(durationSeconds).toBeLessThan(1.7);
  }, 30_000);

  it('accepts the uneven time stamps of a camera', async () => {
    const uneven = join(dir, 'uneven.webm');
    execFileSync(ffmpegPath(), [
      ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=30:duration=2'],
      ...['-vf', "settb=1/1000,setpts='if(eq(mod(N,40),20),PTS-30,PTS)'", '-fps_mode', 'passthrough'],
      ...['-enc_time_base', '1/1000', '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', uneven],
    ]);
    expect(await probe(uneven)).toMatchObject({ hasVideo: true, videoFrames: 60, decodeErrors: [] });
  }, 30_000);

  it('throws for a file that is not there', async () => {
    await expect(probe(join(dir, 'none.webm'))).rejects.toThrow('ENOENT');
  });
});
