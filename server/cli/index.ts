/** The command line: commander parses, one file a noun acts. Exit status 0 done, 1 refused or failed, 2 wrong usage. */
import { Command, CommanderError } from 'commander';
import { FileErrors } from './command.ts';
import { addInterviewCommands } from './interview.ts';
import { addJobCommands } from './job.ts';
import { addServeCommand } from './serve.ts';
import { addSessionCommands } from './session.ts';
import { addTokenCommands } from './token.ts';
import { addTranscribeCommand } from './transcribe.ts';

/** Runs one command. Returns the exit status; errors are one line on standard error. */
export async function main(args: string[]): Promise<number> {
  const print = (text: string) => void process.stdout.write(text);
  const program = new Command('tresgo').description('The interview recorder that never loses an answer.');
  program.exitOverride().showHelpAfterError('(see --help)');
  // Subcommands copy the exit override of their parent when they are made, so it stands before them.
  addServeCommand(program, print);
  addTokenCommands(program, print);
  addInterviewCommands(program, print);
  addSessionCommands(program, print);
  addJobCommands(program, print);
  addTranscribeCommand(program, print);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof FileErrors) {
      process.stderr.write(`${error.lines.join('\n')}\n`);
      return 1;
    }
    process.stderr.write(`tresgo: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
