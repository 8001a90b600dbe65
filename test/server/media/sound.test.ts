/** Sound with an even loudness where the interview asks for it, and sound for a speech engine. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ffmpegPath } from '../../support/media/media.ts';
import * as job from '../../support/media/media-job.ts';

const jobs = job.openMediaJobs();
afterAll(() => jobs.remove());

describe('normalised sound', () => {
  const loudnessOf = (file: string) => {
    const args = ['-nostdin', '-hide_banner', '-i', file, '-af', 'ebur128', '-f', 'null', '-'];
    const said = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', ffmpegPath(), ...args]).toString();
    return Number(/I:\s+(-?[\d.]+) LUFS\s+Threshold/.exec(said.slice(said.lastIndexOf('Summary')))?.[1]);
  };

  test.each([
    [
      'quiet.webm',
      { video: 'vp8', audio: 'opus', seconds: 8, af: 'volume=-15dB', format: job.LIKE_MEDIA_RECORDER },
      ['vp8', 'opus'],
    ],
    [
      'quiet.mp4',
      { video: 'h264', audio: 'aac', seconds: 8, af: 'volume=-15dB', format: job.FRAGMENTED_MP4 },
      ['h264', 'aac'],
    ],
    // These codecs fit a container only because the sound is encoded anew.
    ['vp8-aac.webm', { video: 'vp8', audio: 'aac', seconds: 8, format: job.MATROSKA }, ['vp8', 'opus']],
  ] as [string, job.Recipe, string[]][])(
    'is at -16 LUFS, and the picture the same: %s',
    async (name, recipe, streams) => {
      const source = jobs.record(name, recipe);
      expect(loudnessOf(source)).toBeLessThan(-20);
      const { copy } = await jobs.remux(source, { normalizeAudio: true });
      const [was, is] = [job.judge(source), job.judge(copy)];
      expect(is.streams).toEqual(streams);
      expect(is.packets[0]).toBe(was.packets[0]);
      expect(Math.abs(is.durationSeconds - 8)).toBeLessThan(0.1);
      expect(Math.abs(loudnessOf(copy) + 16)).toBeLessThan(1.5);
    },
  );

  test('changes nothing in a recording without sound', async () => {
    const { copy } = await jobs.remux(jobs.kind('silent.webm'), { normalizeAudio: true });
    expect(job.judge(copy).streams).toEqual(['vp8']);
  });
});

describe('sound for a speech engine', () => {
  const head = (file: string) => {
    const bytes = readFileSync(file).subarray(0, 44);
    return {
      tag: bytes.toString('latin1', 36, 40),
      channels: bytes.readUInt16LE(22),
      rate: bytes.readUInt32LE(24),
      bits: bytes.readUInt16LE(34),
    };
  };

  test.each(['vp8.webm', 'end.mp4', 'fragments.mp4', 'voice.mp4'])('is 16 kHz, mono, 16 bit: %s', async (name) => {
    const speech = await jobs.extractSpeech(jobs.kind(name));
    expect(head(speech?.wavFile ?? '')).toEqual({ tag: 'data', channels: 1, rate: 16_000, bits: 16 });
    expect(Math.abs((speech?.durationMs ?? 0) - 3_000)).toBeLessThan(100);
    expect(readdirSync(path.dirname(speech?.wavFile ?? ''))).toEqual(['speech.wav']);
  });

  test('is silent where the recording’s sound has a gap or begins late, so that it stays on the picture’s clock', async () => {
    // Sound from 1 s to 2 s, and from 4 s to 5 s.
    const af = "asetpts='PTS+if(gte(T,1),2,0)/TB+1/TB'";
    const source = jobs.record('gaps.webm', {
      video: 'vp8',
      audio: 'opus',
      seconds: 2,
      af,
      format: job.LIKE_MEDIA_RECORDER,
    });
    const speech = await jobs.extractSpeech(source);
    expect(Math.abs((speech?.durationMs ?? 0) - 5_000)).toBeLessThan(100);
    const samples = readFileSync(speech?.wavFile ?? '').subarray(44);
    const loudestAt = (second: number) => {
      let loudest = 0;
      for (let at = 0; at < 1_600; at++)
        loudest = Math.max(loudest, Math.abs(samples.readInt16LE((second * 16_000 + at) * 2)));
      return loudest;
    };
    expect([0.5, 1.5, 2.5, 3.5, 4.5].map((second) => loudestAt(second) > 500)).toEqual([
      false,
      true,
      false,
      false,
      true,
    ]);
  });

  test('is null for a recording without sound', async () => {
    expect(await jobs.extractSpeech(jobs.kind('silent.webm'))).toBeNull();
  });
});
