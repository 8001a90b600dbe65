/**
 * What a child process sees of the file system: the machine's programs, read-only, and of what belongs to people or to the
 * server nothing but what it is shown. A shell assembles the view inside a mount namespace of the child's own; the child's
 * root is the view, and it has no right to change it.
 */
import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { filesOf } from './program-files.ts';

/** What to show to one child. */
export interface FileView {
  /** The one folder that the child can write to. */
  cwd: string;
  /** The program, and files that it reads: they are visible wherever they lie, with the libraries of the program. */
  shown: readonly string[];
  /** Folders and files that the child must not see, wherever they lie. */
  hidden: readonly string[];
}

/** What holds for all views of a machine. */
export interface ViewRules {
  /** Whether the view has processes of its own alone. */
  hasProc: boolean;
  /** Where the programs that a script names are looked up. */
  programFolders: readonly string[];
}

/** One step of the script: its name, a path, and options of a mount. */
type Step = readonly [name: string, at: string, options: string];

/** Where the view is assembled. The folder that was there has its own place in the view. */
const ROOT = '/sys';
/** The folders of people, and those that everybody can write to. */
const AREAS = ['/home', '/root', '/tmp', '/var/tmp', '/dev/shm', '/run/user'];
/** Linux's list of the mounts that a process sees. */
const MOUNTS = '/proc/self/mountinfo';
/** File systems that become read-only. Others are no files, or may be on a machine that does not answer. */
const LOCAL = /^(ext[234]|xfs|btrfs|zfs|f2fs|bcachefs|jfs|overlay|aufs|tmpfs|ramfs|vfat|exfat|ntfs3?|9p|virtiofs)$/;
/** Options that a user namespace can't take from a mount: they are named again whenever it is changed. */
const KEPT = /^(nosuid|nodev|noexec|noatime|nodiratime|relatime)$/;

/**
 * Steps come in threes, then `run` and a command. What is shown is mounted from its own place, which the view does not
 * cover, and is read-only where its file system was locked before.
 */
const SCRIPT = `
umask 022
fail() { echo "the view of the file system can't be made: $*" >&2; exit 126; }
while [ "$1" != run ]; do
  at=${ROOT}$2
  case $1 in
    lock) mount -o "$3" none "$2" 2>/dev/null || [ "$2" != / ] || fail "$2" ;;
    root) mount --rbind / ${ROOT} || fail "$2" ;;
    hide)
      if [ -d "$at" ]; then mount -t tmpfs -o size=256k,mode=0755,nosuid,nodev none "$at" || fail "$2"
      elif [ -e "$at" ]; then mount --bind /dev/null "$at" || fail "$2"; fi ;;
    show)
      if [ -d "$2" ]; then [ -d "$at" ] || mkdir -p "$at"
      else mkdir -p "\${at%/*}"; [ -e "$at" ] || : > "$at"; fi
      mount --bind "$2" "$at" || fail "$2"
      [ -z "$3" ] || mount -o "$3" none "$at" || fail "$2" ;;
    proc) mount -t proc proc "$at" || fail "$2" ;;
  esac
  shift 3
done
shift
exec "$@"`;

/** The command line that assembles a view inside a mount namespace and runs the command that follows in it. */
export function assemble(view: FileView, { hasProc, programFolders }: ViewRules): string[] {
  const cwd = realpathSync(view.cwd);
  const covered = outermost([...AREAS, ...ownHome()].flatMap(real));
  const secret = view.hidden.flatMap(real);
  const isHidden = (file: string) => [...covered, ...secret].some((folder) => isIn(folder, file));
  const isSecret = (file: string) => secret.some((folder) => isIn(folder, file));
  const files = view.shown.flatMap((file) => filesOf(file, programFolders, [...covered, ...secret]));
  const all = mounts();
  const locked = all.filter(
    (each) =>
      each.options.includes('rw') &&
      (each.point === '/' || LOCAL.test(each.type)) &&
      (!isHidden(each.point) || files.some((file) => mountOf(file, all) === each)),
  );
  const writable = locked.includes(mountOf(cwd, all)) ? changed(mountOf(cwd, all), 'rw') : '';
  // Under the name that the command may use, too, where links on the way are hidden.
  const names = view.cwd !== cwd && isHidden(view.cwd) ? [cwd, view.cwd] : [cwd];
  const show = (file: string): Step => ['show', file, ''];
  const hide = (file: string): Step => ['hide', file, ''];
  const steps: Step[] = [
    ...locked.map((each): Step => ['lock', each.point, changed(each, 'ro')]),
    ['root', '/', ''],
    ...covered.map(hide),
    ...files.filter((file) => !isSecret(file)).map(show),
    ...secret.map(hide),
    ...files.filter(isSecret).map(show),
    ...names.map((name): Step => ['show', name, writable]),
    ...(hasProc ? [['proc', '/proc', ''] as const] : []),
  ];
  return ['sh', '-c', SCRIPT, 'sh', ...steps.flat(), 'run', 'unshare', `--root=${ROOT}`, `--wd=${cwd}`];
}

const isIn = (folder: string, file: string) => file === folder || file.startsWith(`${folder}/`);

interface Mount {
  point: string;
  type: string;
  options: string[];
}

/** The mounts that this process sees, in their order. */
function mounts(): Mount[] {
  // Systems other than Linux have no such file, and no namespaces.
  const list = existsSync(MOUNTS) ? readFileSync(MOUNTS, 'utf8') : '0 0 0:0 / / rw - none none rw';
  return list
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , , , point = '', options = ''] = before.split(' ');
      const plain = point.replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      );
      return { point: plain, type: after.split(' ')[0] ?? '', options: options.split(',') };
    });
}

/** The mount that a file is on. The last one is on top of others at the same place. */
function mountOf(file: string, all: readonly Mount[]): Mount {
  const holding = all.filter(({ point }) => point === '/' || isIn(point, file));
  return holding.reduce((best, each) => (each.point.length >= best.point.length ? each : best));
}

/** The options that make a mount read-only or writable and leave it otherwise as it is. */
function changed({ options }: Mount, to: 'ro' | 'rw'): string {
  return ['remount', 'bind', to, ...options.filter((option) => KEPT.test(option))].join(',');
}

/** The home of the server's user, where it is that user's own: that of a system's user may be `/` or `/usr/sbin`. */
function ownHome(): string[] {
  const [home, user] = [os.homedir(), process.getuid?.()];
  const isOwn = user !== 0 && lstatSync(home, { throwIfNoEntry: false })?.uid === user;
  return isOwn && path.dirname(home) !== home ? [home] : [];
}

/** The path without links; none where nothing is there. */
function real(file: string): string[] {
  try {
    return [realpathSync(file)].filter((found) => found !== '/' && statSync(found));
  } catch {
    return [];
  }
}

/** The folders that are in none of the others. */
function outermost(folders: readonly string[]): string[] {
  const all = [...new Set(folders)];
  return all.filter((folder) => !all.some((other) => other !== folder && isIn(other, folder)));
}
