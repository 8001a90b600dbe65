/** The command line: the conformance table on any tus endpoint. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { openEndpoint } from './endpoint.ts';
import { outcomesOf, runTable, toFailures, toTotals, totalsOf } from './suite.ts';

interface Options {
  url: string;
  header: Record<string, string>;
  metadata: Record<string, string>;
  json?: true;
}

const collect =
  (separator: string, form: string) =>
  (text: string, known: Record<string, string>): Record<string, string> => {
    const at = text.indexOf(separator);
    if (at < 1) throw new InvalidArgumentError(`It takes ${form}.`);
    return { ...known, [text.slice(0, at).trim()]: text.slice(at + 1).trim() };
  };

function parseUrl(text: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    throw new InvalidArgumentError('It takes an http or https URL.');
  return text;
}

/** Runs the table and prints the results. Returns the exit status: 0 where every MUST holds, 1 where one does not, 2 for wrong usage. */
export async function main(args: string[]): Promise<number> {
  const command = new Command('conformance')
    .description('tus 1.0.0, sentence by sentence, on any endpoint')
    .requiredOption('--url <url>', 'where uploads are created, e.g. http://127.0.0.1:8002/files', parseUrl)
    .option(
      '--header <header>',
      '"Name: value" of every request; may be given again',
      collect(':', '"Name: value"'),
      {},
    )
    .option('--metadata <pair>', 'key=value of every creation; may be given again', collect('=', 'key=value'), {})
    .option('--json', 'print one JSON document, and nothing else, on standard output')
    .exitOverride();
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  const { url, header, metadata, json } = command.opts<Options>();
  try {
    const results = await runTable(await openEndpoint({ url, headers: header, metadata }));
    const totals = totalsOf(results);
    if (json) process.stdout.write(`${JSON.stringify({ url, totals, results }, null, 2)}\n`);
    else
      process.stdout.write(
        `${[outcomesOf({ result: results }), toFailures(results), toTotals(results)].filter(Boolean).join('\n\n')}\n`,
      );
    return totals.MUST.FAIL > 0 ? 1 : 0;
  } catch (error) {
    process.stderr.write(`conformance: ${url}: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}
