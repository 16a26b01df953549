import type { CommandNode, OptionNode } from './nodes.ts';

/** Writes the completion script of fish. */
export function fishScript(nodes: CommandNode[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => quote(path));
  return `# Completion of cyclorama for fish. Use: npx cyclorama completion fish | source
function __cyclorama_at
  set -l at
  for word in (commandline -opc)[2..-1]
    if contains -- (string trim "$at $word") ${paths.join(' ')}
      set at (string trim "$at $word")
    end
  end
  test "$at" = "$argv"
end
complete -c cyclorama -f
${nodes.flatMap(nodeLines).join('\n')}
`;
}

function nodeLines({ path, subcommands, options, arguments: args }: CommandNode): string[] {
  const start = `complete -c cyclorama -n ${quote(`__cyclorama_at ${quote(path)}`)}`;
  return [
    ...subcommands.map(({ name, description }) => `${start} -a ${quote(name)} -d ${quote(description)}`),
    ...args.words.map((word) => `${start} -a ${quote(word)}`),
    ...(args.files ? [`${start} -F`] : []),
    ...options.map((option) => `${start} ${optionWords(option)} -d ${quote(option.description)}`),
  ];
}

function optionWords({ flags, value }: OptionNode): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  if (value === undefined) return names.join(' ');
  return [...names, value.files ? '-r -F' : `-x -a ${quote(value.words.join(' '))}`].join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
