import type { CommandNode, OptionNode } from './nodes.ts';

/** Writes the completion script of bash. */
export function bashScript(nodes: CommandNode[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => quote(path));
  const values = nodes.flatMap(({ path, options }) => options.flatMap((option) => valueCase(path, option)));
  return `# Completion of cyclorama for bash. Use: source <(npx cyclorama completion bash)
_cyclorama() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} at= words= files= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${at:+$at }\${COMP_WORDS[i]}" in
      ${paths.join(' | ')}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at:$prev" in
${values.join('\n')}
    *)
      case "$at" in
${nodes.map(nodeCase).join('\n')}
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  # Without a match readline completes file names, and quotes them as it should.
  if [[ $files ]]; then compopt -o default; else compopt +o default; fi 2>/dev/null
}
complete -F _cyclorama cyclorama
`;
}

function valueCase(path: string, { flags, value }: OptionNode): string[] {
  if (value === undefined) return [];
  const patterns = flags.map((flag) => quote(`${path}:${flag}`)).join(' | ');
  return [`    ${patterns}) ${guess(value.words, value.files)} ;;`];
}

function nodeCase({ path, subcommands, options, arguments: args }: CommandNode): string {
  const words = [...subcommands.map(({ name }) => name), ...args.words];
  const flags = options.flatMap((option) => option.flags);
  const pick = `if [[ $cur == -* ]]; then ${guess(flags, false)}; else ${guess(words, args.files)}; fi`;
  return `        ${quote(path)}) ${pick} ;;`;
}

function guess(words: string[], files: boolean): string {
  return `words=${quote(words.join(' '))} files=${files ? '1' : ''}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
