import type { CommandNode, Guess, OptionNode } from './nodes.ts';

/** Writes the completion script of zsh. */
export function zshScript(nodes: CommandNode[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => quote(path));
  const values = nodes.flatMap(({ path, options }) => options.flatMap((option) => valueCase(path, option)));
  return `#compdef cyclorama
# Completion of cyclorama for zsh. Use: source <(npx cyclorama completion zsh)
_cyclorama() {
  local at= i
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    case "\${at:+$at }\${words[i]}" in
      (${paths.join('|')}) at="\${at:+$at }\${words[i]}" ;;
    esac
  done
  case "$at:\${words[CURRENT - 1]}" in
${values.join('\n')}
  esac
  case "$at" in
${nodes.map(nodeCase).join('\n')}
  esac
}
compdef _cyclorama cyclorama
`;
}

function valueCase(path: string, { flags, value }: OptionNode): string[] {
  if (value === undefined) return [];
  const patterns = flags.map((flag) => quote(`${path}:${flag}`)).join('|');
  return [`    (${patterns}) ${guess(value)}; return ;;`];
}

function nodeCase({ path, subcommands, options, arguments: args }: CommandNode): string {
  const flags = options.flatMap((option) => option.flags.map((flag) => described(flag, option.description)));
  const commands = subcommands.map(({ name, description }) => described(name, description));
  return `    (${quote(path)})
      if [[ $PREFIX == -* ]]; then
        found=(${flags.join(' ')})
        _describe -o option found
      else
        found=(${commands.join(' ')})
        _describe command found
        ${guess(args)}
      fi ;;`;
}

function guess({ words, files }: Guess): string {
  const lines = [
    ...(words.length > 0 ? [`compadd -- ${words.map(quote).join(' ')}`] : []),
    ...(files ? ['_files'] : []),
  ];
  return lines.length === 0 ? ':' : lines.join('; ');
}

function described(word: string, description: string): string {
  return quote(`${word.replaceAll(':', '\\:')}:${description}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
