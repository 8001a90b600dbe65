/** `tresgo completion bash|zsh|fish`: a script made from the commands themselves, so that it knows all of them. */
import { Argument, type Command } from 'commander';
import { type Print, withExamples } from './command.ts';

/** Adds `tresgo completion`. */
export function addCompletionCommand(program: Command, print: Print): void {
  withExamples(
    program.command('completion').addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish'])),
    'completion bash >> ~/.bashrc',
    'completion zsh >> ~/.zshrc',
    'completion fish > ~/.config/fish/completions/tresgo.fish',
  )
    .description('print a script by which the shell completes commands and options')
    .action((shell: string) => {
      const nodes = nodesOf(program, []);
      print(shell === 'fish' ? fishScript(nodes) : shell === 'zsh' ? zshScript(nodes) : bashScript(nodes));
    });
}

/** A command, by the words that lead to it, with the words that can follow. */
interface Node {
  path: string[];
  description: string;
  commands: string[];
  options: Array<{ flag: string; description: string }>;
}

function nodesOf(command: Command, path: string[]): Node[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command).filter((one) => path.length === 0 || one.name() !== 'help');
  const options = help
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long ? [{ flag: long, description }] : []));
  const here = { path, description: command.description(), commands: commands.map((one) => one.name()), options };
  return [here, ...commands.flatMap((one) => (one.name() === 'help' ? [] : nodesOf(one, [...path, one.name()])))];
}

function bashScript(nodes: Node[]): string {
  const known = nodes.filter(({ path }) => path.length > 0).map(({ path }) => `"${path.join(' ')}"`);
  const cases = nodes.map(({ path, commands, options }) => {
    const words = [...commands, ...options.map(({ flag }) => flag)].join(' ');
    return `    "${path.join(' ')}") words="${words}" ;;`;
  });
  return `_tresgo() {
  local word words path="" at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${path:+$path }\${COMP_WORDS[at]}"
    case "$word" in
      ${known.join(' | ')}) path="$word" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _tresgo tresgo
`;
}

function zshScript(nodes: Node[]): string {
  return `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(nodes)}`;
}

function fishScript(nodes: Node[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", '’')}'`;
  const lines = nodes.flatMap(({ path, commands, options }) => {
    const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
    const before = path.length === 0 ? ['__fish_use_subcommand'] : seen;
    const open =
      commands.length > 0 && path.length > 0 ? [`not __fish_seen_subcommand_from ${commands.join(' ')}`] : [];
    const when = quoted([...before, ...open].join('; and '));
    return [
      ...commands.map((name) => {
        const { description = '' } = nodes.find((node) => node.path.join(' ') === [...path, name].join(' ')) ?? {};
        return `complete -c tresgo -f -n ${when} -a ${name} -d ${quoted(description)}`;
      }),
      ...options.map(
        ({ flag, description }) => `complete -c tresgo -n ${when} -l ${flag.slice(2)} -d ${quoted(description)}`,
      ),
    ];
  });
  return `${lines.join('\n')}\n`;
}
