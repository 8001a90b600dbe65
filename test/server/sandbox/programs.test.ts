import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findMediaPrograms, findProgram } from '../../../server/sandbox/programs.ts';
import { temporaryFolder } from '../../support/server/server.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(() => root.remove());

async function program(folder: string, name: string, mode = 0o755): Promise<string> {
  await mkdir(`${root.path}/${folder}`, { recursive: true });
  await writeFile(`${root.path}/${folder}/${name}`, '#!/bin/sh\n');
  await chmod(`${root.path}/${folder}/${name}`, mode);
  return `${root.path}/${folder}/${name}`;
}

test('a program is the first executable file of its name; a path is looked up nowhere else', async () => {
  await mkdir(`${root.path}/a/tool`, { recursive: true });
  await program('b', 'tool', 0o644);
  const tool = await program('c', 'tool');
  const folders = ['a', 'b', 'c'].map((name) => `${root.path}/${name}`);
  expect(findProgram('tool', folders)).toBe(tool);
  expect(findProgram(tool, [])).toBe(tool);
  expect(findProgram(`${root.path}/c/none`, folders)).toBeNull();
  expect(findProgram('none', folders)).toBeNull();
});

test('ffprobe is the one beside ffmpeg, else one in the folders; without one of both there is neither', async () => {
  const folders = [`${root.path}/bin`];
  expect(findMediaPrograms(null, folders)).toBeNull();
  const ffmpeg = await program('bin', 'ffmpeg');
  expect(findMediaPrograms(null, folders)).toBeNull();
  const ffprobe = await program('bin', 'ffprobe');
  expect(findMediaPrograms(null, folders)).toEqual({ ffmpeg, ffprobe });
  const own = await program('own', 'ffmpeg');
  expect(findMediaPrograms(own, folders)).toEqual({ ffmpeg: own, ffprobe });
  const beside = await program('own', 'ffprobe');
  expect(findMediaPrograms(own, folders)).toEqual({ ffmpeg: own, ffprobe: beside });
  await rm(own);
  expect(findMediaPrograms(own, folders)).toBeNull();
});
