/**
 * The command line: commander parses it, and one file for each noun acts. Exit status 0: done, 1: refused or failed, 2: wrong
 * usage.
 */
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { addBackupCommands } from './backup.ts';
import { FileErrors, say } from './command.ts';
import { addCompletionCommand } from './completion.ts';
import { addHelpCommand } from './help.ts';
import { addInterviewCommands } from './interview.ts';
import { addJobCommands } from './job.ts';
import { plainText } from './plain-text.ts';
import { addServeCommand } from './serve.ts';
import { addSessionCommands } from './session.ts';
import { addTokenCommands } from './token.ts';
import { addTranscribeCommand } from './transcribe.ts';

/** Runs one command and returns its exit status. An error is one line on standard error. */
export async function main(args: string[]): Promise<number> {
  const print = (text: string) => void process.stdout.write(text);
  const program = new Command('tresgo').description('The interview recorder that never loses an answer.');
  program.exitOverride().showHelpAfterError('(see --help)');
  program.version(packageJson.version, '--version', 'print the version');
  program.command('version', { hidden: true }).action(() => print(`${packageJson.version}\n`));
  program.configureOutput({ writeErr: (text) => void process.stderr.write(plainText(text)) });
  // Before the commands are added: a subcommand copies its parent's exit override when it is created.
  addServeCommand(program, print);
  addTokenCommands(program, print);
  addInterviewCommands(program, print);
  addSessionCommands(program, print);
  addJobCommands(program, print);
  addTranscribeCommand(program, print);
  addBackupCommands(program, print);
  addCompletionCommand(program, print);
  addHelpCommand(program, print);
  try {
    // Who types the name alone wants to know what there is.
    await program.parseAsync(args.length === 0 ? ['--help'] : args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof FileErrors) {
      for (const line of error.lines) say(line);
      return 1;
    }
    say(`tresgo: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
