#!/usr/bin/env node
// Installs what the tests need beside npm's packages: browsers, ffmpeg, a compiler, strace, a font … Silent when nothing is missing.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The programs that the tests run: the names of their commands, the variable that names another command (`override`), the
 * variable of the program that is installed beside this one (`beside`: its folder is searched first), and their packages.
 */
export const programs = [
  {
    name: 'chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
    override: 'TRESGO_TEST_CHROMIUM',
    packages: { debian: 'chromium', ubuntu: 'chromium-browser' },
  },
  {
    name: 'firefox',
    commands: ['firefox-esr', 'firefox'],
    packages: { debian: 'firefox-esr', ubuntu: 'firefox' },
  },
  {
    name: 'ffmpeg',
    commands: ['ffmpeg'],
    override: 'TRESGO_FFMPEG',
    packages: { debian: 'ffmpeg', ubuntu: 'ffmpeg' },
  },
  {
    name: 'ffprobe',
    commands: ['ffprobe'],
    beside: 'TRESGO_FFMPEG',
    packages: { debian: 'ffmpeg', ubuntu: 'ffmpeg' },
  },
  {
    name: 'openssl',
    commands: ['openssl'],
    packages: { debian: 'openssl', ubuntu: 'openssl' },
  },
  {
    name: 'strace',
    commands: ['strace'],
    packages: { debian: 'strace', ubuntu: 'strace' },
  },
  {
    name: 'mkfs.ext4',
    // /usr/sbin is not in every PATH.
    commands: ['mkfs.ext4', '/usr/sbin/mkfs.ext4', '/sbin/mkfs.ext4'],
    packages: { debian: 'e2fsprogs', ubuntu: 'e2fsprogs' },
  },
  {
    name: 'faketime',
    commands: ['faketime'],
    packages: { debian: 'faketime', ubuntu: 'faketime' },
  },
  {
    name: 'curl',
    commands: ['curl'],
    packages: { debian: 'curl', ubuntu: 'curl' },
  },
  // For the build of whisper.cpp.
  {
    name: 'cmake',
    commands: ['cmake'],
    packages: { debian: 'cmake', ubuntu: 'cmake' },
  },
  {
    name: 'make',
    commands: ['make'],
    packages: { debian: 'make', ubuntu: 'make' },
  },
  {
    name: 'g++',
    commands: ['g++', 'c++'],
    packages: { debian: 'g++', ubuntu: 'g++' },
  },
  {
    name: 'pocketsphinx',
    commands: ['pocketsphinx_continuous'],
    // With its English model.
    packages: { debian: ['pocketsphinx', 'pocketsphinx-en-us'], ubuntu: ['pocketsphinx', 'pocketsphinx-en-us'] },
  },
  {
    // Without a Thai font every Thai letter is the same empty box, and a test of that page proves nothing.
    name: 'a Thai font',
    commands: [
      '/usr/share/fonts/truetype/tlwg/Loma.ttf',
      '/usr/share/fonts/truetype/noto/NotoSansThai-Regular.ttf',
      '/usr/share/fonts/google-noto-vf/NotoSansThai[wght].ttf',
      '/System/Library/Fonts/Supplemental/Thonburi.ttc',
    ],
    packages: { debian: 'fonts-tlwg-loma-ttf', ubuntu: 'fonts-tlwg-loma-ttf' },
  },
];

/** Fonts are read, not run. */
const FONT = /\.(ttf|ttc|otf)$/;

/** Returns the absolute path of an executable file or a font, searched in PATH unless the command is a path; null if none. */
export function which(command, path = process.env.PATH ?? '') {
  const candidates = command.includes(sep) ? [command] : path.split(delimiter).map((dir) => join(dir, command));
  for (const candidate of candidates) {
    try {
      accessSync(candidate, FONT.test(candidate) ? constants.R_OK : constants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/**
 * Returns the path of a program of the table; null when it is missing. An override that is set is the only place searched,
 * so that another build never silently replaces a mistyped path.
 */
export function locate(name, { env = process.env, find = which } = {}) {
  const program = programs.find((entry) => entry.name === name);
  if (!program) throw new Error(`no such program in the table: ${name}`);
  const override = program.override && env[program.override];
  if (override) return find(override);
  const companion = (program.beside && env[program.beside]) || '';
  const neighbours = companion.includes(sep) ? program.commands.map((name) => join(dirname(companion), name)) : [];
  for (const command of [...neighbours, ...program.commands]) {
    const found = find(command);
    if (found) return found;
  }
  return null;
}

/** Reads `debian` or `ubuntu` (or a system derived from one of them) from the text of os-release; null for any other system. */
export function distribution(osRelease) {
  const field = (key) => new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(osRelease)?.[1] ?? '';
  const names = `${field('ID')} ${field('ID_LIKE')}`.split(/\s+/);
  return ['ubuntu', 'debian'].find((name) => names.includes(name)) ?? null;
}

/**
 * Decides what to do on this machine: nothing, install packages, or print a message. Pure: `find` stands for the PATH,
 * `system` for os-release.
 */
export function plan({ env, find, root, system }) {
  const missing = programs.filter((program) => locate(program.name, { env, find }) === null);
  if (missing.length === 0) return { action: 'none' };
  const names = missing.map((program) => program.name).join(', ');

  const mistyped = missing.filter((program) => program.override && env[program.override]);
  if (mistyped.length > 0) {
    const what = mistyped.map(({ override }) => `${override}=${env[override]}`).join(', ');
    return { action: 'tell', message: `No executable at ${what}: correct the path or unset the variable.` };
  }

  const packages = [...new Set(missing.flatMap((program) => program.packages[system ?? 'debian']))];
  const install = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (root && system && find('apt-get')) {
    return {
      action: 'install',
      packages,
      message: `Missing: ${names}. Installing ${packages.join(', ')} with apt-get …`,
    };
  }
  const command = `sudo apt-get update && sudo ${install}`;
  const where = system ? 'Install with' : 'On Debian install with';
  return { action: 'tell', message: `The tests lack ${names}. ${where}: ${command}` };
}

function aptGet(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const done = spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], { env, encoding: 'utf8' });
  if (done.status === 0) return;
  const lines = `${done.error?.message ?? ''}\n${done.stdout}\n${done.stderr}`.trim().split('\n');
  throw new Error(`apt-get ${args[0]} failed:\n${lines.slice(-5).join('\n')}`);
}

function look() {
  let osRelease = '';
  try {
    osRelease = readFileSync('/etc/os-release', 'utf8');
  } catch {
    // Without os-release it is no Debian.
  }
  const root = process.getuid?.() === 0;
  return plan({ env: process.env, find: which, root, system: distribution(osRelease) });
}

/** Installs what is missing. Returns the exit status: 0 when nothing is missing, 1 with a message on standard error. */
function main() {
  const first = look();
  if (first.action === 'none') return 0;
  if (first.action === 'install') {
    console.log(first.message);
    try {
      aptGet(['update']);
      aptGet(['install', '-y', '--no-install-recommends', ...first.packages]);
    } catch (error) {
      console.error(error.message);
      return 1;
    }
    const second = look();
    if (second.action === 'none') return 0;
    console.error(`apt-get installed ${first.packages.join(', ')}, yet: ${second.message}`);
    return 1;
  }
  console.error(first.message);
  return 1;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) process.exitCode = main();
