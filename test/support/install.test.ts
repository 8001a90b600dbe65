import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { distribution, locate, plan, which } from './install.mjs';

const onlyThese =
  (...commands: string[]) =>
  (command: string) =>
    commands.includes(command) ? `found:${command}` : null;
/** Programs with a single name. */
const builders = ['cmake', 'make', 'g++', 'pocketsphinx_continuous'];
const plain = ['ffmpeg', 'ffprobe', 'openssl', 'strace', 'mkfs.ext4', 'faketime', 'curl', ...builders];
const font = '/usr/share/fonts/truetype/tlwg/Loma.ttf';
const everything = onlyThese(font, 'chromium', 'firefox-esr', ...plain, 'apt-get');

describe('plan', () => {
  it('does nothing when every program is there, under any of its names', () => {
    expect(plan({ env: {}, find: everything, root: true, system: 'debian' })).toEqual({ action: 'none' });
    const others = onlyThese('google-chrome', 'firefox', font, ...plain);
    expect(plan({ env: {}, find: others, root: false, system: null })).toEqual({ action: 'none' });
    const hidden = onlyThese(
      'chromium',
      'firefox',
      font,
      ...plain.filter((name) => name !== 'mkfs.ext4'),
      '/usr/sbin/mkfs.ext4',
    );
    expect(plan({ env: {}, find: hidden, root: false, system: 'debian' })).toEqual({ action: 'none' });
  });

  it('installs what is missing, each package once, as root on Debian and Ubuntu', () => {
    const find = onlyThese('apt-get');
    const speech = ['cmake', 'make', 'g++', 'pocketsphinx', 'pocketsphinx-en-us'];
    const fonts = 'fonts-tlwg-loma-ttf';
    expect(plan({ env: {}, find, root: true, system: 'debian' })).toEqual({
      action: 'install',
      packages: [
        'chromium',
        'firefox-esr',
        'ffmpeg',
        'openssl',
        'strace',
        'e2fsprogs',
        'faketime',
        'curl',
        ...speech,
        fonts,
      ],
      message:
        'Missing: chromium, firefox, ffmpeg, ffprobe, openssl, strace, mkfs.ext4, faketime, curl, ' +
        'cmake, make, g++, pocketsphinx, a Thai font. ' +
        'Installing chromium, firefox-esr, ffmpeg, openssl, strace, e2fsprogs, faketime, curl, ' +
        'cmake, make, g++, pocketsphinx, pocketsphinx-en-us, fonts-tlwg-loma-ttf with apt-get …',
    });
    expect(plan({ env: {}, find, root: true, system: 'ubuntu' })).toMatchObject({
      packages: [
        ...['chromium-browser', 'firefox', 'ffmpeg', 'openssl', 'strace', 'e2fsprogs', 'faketime', 'curl'],
        ...speech,
        fonts,
      ],
    });
  });

  it('prints the one command to a user who is not root', () => {
    const find = onlyThese('apt-get', 'firefox', font, 'openssl', 'strace', 'faketime', 'curl', ...builders);
    expect(plan({ env: {}, find, root: false, system: 'debian' })).toEqual({
      action: 'tell',
      message:
        'The tests lack chromium, ffmpeg, ffprobe, mkfs.ext4. Install with: ' +
        'sudo apt-get update && sudo apt-get install -y --no-install-recommends chromium ffmpeg e2fsprogs',
    });
  });

  it('installs nothing without apt-get or without Debian', () => {
    expect(plan({ env: {}, find: onlyThese(), root: true, system: 'debian' }).action).toBe('tell');
    const elsewhere = plan({ env: {}, find: onlyThese('apt-get'), root: true, system: null });
    expect(elsewhere).toMatchObject({
      action: 'tell',
      message: expect.stringContaining('On Debian install with: sudo'),
    });
  });

  it('uses the named program instead of the one in PATH, and never replaces a mistyped name', () => {
    const env = { TRESGO_TEST_CHROMIUM: '/opt/chrome', TRESGO_FFMPEG: '/opt/ffmpeg' };
    const find = onlyThese('/opt/chrome', '/opt/ffmpeg', 'firefox', font, ...plain.filter((name) => name !== 'ffmpeg'));
    expect(plan({ env, find, root: false, system: 'debian' })).toEqual({ action: 'none' });
    expect(plan({ env, find: everything, root: true, system: 'debian' })).toEqual({
      action: 'tell',
      message:
        'No executable at TRESGO_TEST_CHROMIUM=/opt/chrome, TRESGO_FFMPEG=/opt/ffmpeg: ' +
        'correct the path or unset the variable.',
    });
  });
});

describe('locate', () => {
  it('searches ffprobe beside the named ffmpeg first', () => {
    const env = { TRESGO_FFMPEG: '/opt/media/ffmpeg' };
    expect(locate('ffprobe', { env, find: onlyThese('/opt/media/ffprobe', 'ffprobe') })).toBe(
      'found:/opt/media/ffprobe',
    );
    expect(locate('ffprobe', { env, find: onlyThese('ffprobe') })).toBe('found:ffprobe');
    expect(locate('ffprobe', { env: {}, find: onlyThese('/opt/media/ffprobe') })).toBeNull();
  });
});

describe('distribution', () => {
  it('reads ID and ID_LIKE', () => {
    expect(distribution('NAME="Debian GNU/Linux"\nID=debian\n')).toBe('debian');
    expect(distribution('ID=ubuntu\nID_LIKE=debian\n')).toBe('ubuntu');
    expect(distribution('ID=linuxmint\nID_LIKE="ubuntu debian"\n')).toBe('ubuntu');
    expect(distribution('ID=fedora\n')).toBeNull();
    expect(distribution('')).toBeNull();
  });
});

describe('on a machine', () => {
  const script = fileURLToPath(new URL('./install.mjs', import.meta.url));
  const folders: string[] = [];
  const folder = (files: Record<string, string>): string => {
    const dir = mkdtempSync(join(tmpdir(), 'tresgo-install-'));
    folders.push(dir);
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(dir, name), text);
      chmodSync(join(dir, name), 0o755);
    }
    return dir;
  };
  const run = (path: string) => spawnSync(process.execPath, [script], { env: { PATH: path }, encoding: 'utf8' });
  const program = '#!/bin/sh\n';
  const all = Object.fromEntries(['chromium', 'firefox', ...plain].map((name) => [name, program]));
  afterEach(() => {
    for (const dir of folders.splice(0)) rmSync(dir, { recursive: true });
  });

  it('finds executable files, and readable fonts', () => {
    const dir = folder({ tool: program, text: '' });
    chmodSync(join(dir, 'text'), 0o644);
    expect(which('tool', `/nowhere:${dir}`)).toBe(join(dir, 'tool'));
    expect(which(join(dir, 'tool'), '')).toBe(join(dir, 'tool'));
    expect(which('other', dir)).toBeNull();
    chmodSync(join(folder({ 'a.ttf': '' }), 'a.ttf'), 0o644);
    expect(which(join(folders.at(-1) ?? '', 'a.ttf'))).toMatch(/a\.ttf$/);
    expect(locate('ffmpeg', { env: { TRESGO_FFMPEG: join(dir, 'text') } })).toBeNull();
  });

  it('is silent when nothing is missing', () => {
    expect(run(folder(all))).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  it('prints in one line what is missing where it may not install, with status 1', () => {
    const { status, stdout, stderr } = run(folder({}));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/chromium, firefox, ffmpeg, ffprobe, openssl.*sudo apt-get update && sudo apt-get install/);
  });

  const mayInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  it.runIf(mayInstall)('runs apt-get update and install, looks again, and is content', () => {
    const { chromium: _left, ...rest } = all;
    const dir = folder({
      ...rest,
      'apt-get': [
        '#!/bin/sh',
        `dir=\${0%/*}; echo "$DEBIAN_FRONTEND $*" >>"$dir/log"`,
        `case "$*" in *install*) /bin/cp "$dir/ffmpeg" "$dir/chromium";; esac`,
      ].join('\n'),
    });
    expect(run(dir)).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/^Missing: chromium\. .*\n$/),
    });
    const calls = readFileSync(join(dir, 'log'), 'utf8').trim().split('\n');
    expect(calls).toEqual([
      expect.stringMatching(/^noninteractive .* update$/),
      expect.stringMatching(/^noninteractive .* install -y --no-install-recommends chromium/),
    ]);
  });

  it.runIf(mayInstall)('hands on what apt-get complained of', () => {
    const dir = folder({ 'apt-get': '#!/bin/sh\necho "E: no network" >&2\nexit 100\n' });
    expect(run(dir)).toMatchObject({ status: 1, stderr: 'apt-get update failed:\nE: no network\n' });
  });
});
