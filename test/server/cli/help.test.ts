/** Help topics, examples, and the completion of shells. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { inThisProcess } from '../../support/server/in-this-process.ts';
import { temporaryFolder } from '../../support/server/server.ts';

const bash = async () => (await inThisProcess(['completion', 'bash'])).stdout;

/** What bash offers after some words of a line. */
async function offered(...words: string[]): Promise<string[]> {
  const folder = await temporaryFolder();
  await writeFile(`${folder.path}/completion`, await bash());
  const line = ['tresgo', ...words].map((word) => `'${word}'`).join(' ');
  const script = `. "$0"; COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _tresgo; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', script, `${folder.path}/completion`]);
  await folder.remove();
  return stdout.split('\n').filter(Boolean);
}

test('every command has examples in its help', async () => {
  const commands = [...(await bash()).matchAll(/^ {4}"([a-z ]*)"\) words=/gm)].map((match) => match[1] ?? '');
  expect(commands.length).toBeGreaterThan(25);
  for (const command of commands) {
    const { status, stdout } = await inThisProcess([...command.split(' ').filter(Boolean), '--help']);
    expect({ command, status, hasExample: /^Examples:\n {2}\$ \S/m.test(stdout) }).toEqual({
      command,
      status: 0,
      hasExample: true,
    });
  }
});

test('help environment has every setting, and help exit-codes every status', async () => {
  const { stdout } = await inThisProcess(['help', 'environment']);
  const settings = (await readFile('server/config.ts', 'utf8')).matchAll(/^ {2}(PORT|HOST|TRESGO_\w+):/gm);
  for (const [, name = ''] of settings) expect(stdout).toMatch(new RegExp(`^${name} `, 'm'));
  expect((await inThisProcess(['help', 'exit-codes'])).stdout).toMatch(/^STATUS +MEANS\n0 .*\n1 .*\n2 /);
  expect((await inThisProcess(['--help'])).stdout).toMatch(/Topics:\n +help environment .*\n +help exit-codes/);
});

test('bash completes commands, options and nothing else', async () => {
  expect(await offered('tok')).toEqual(['token']);
  expect(await offered('token', 'rei')).toEqual(['reissue']);
  expect(await offered('token', 'reissue', '3f2a', '--js')).toEqual(['--json']);
  expect(await offered('session', 'list', '--st')).toEqual(['--state']);
  expect(await offered('interview', 'create', 'file.yaml', '--dry')).toEqual(['--dry-run']);
});

test('the scripts of zsh and fish have the same commands', async () => {
  expect((await inThisProcess(['completion', 'zsh'])).stdout).toContain(`bashcompinit\n${await bash()}`);
  const fish = (await inThisProcess(['completion', 'fish'])).stdout;
  expect(fish).toMatch(/^complete -c tresgo -f -n '__fish_use_subcommand' -a token -d '[^']+'$/m);
  expect(fish).toMatch(/^complete -c tresgo -n '__fish_seen_subcommand_from token; and [^']+ reissue' -l json -d '/m);
});
