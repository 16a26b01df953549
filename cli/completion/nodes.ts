import type { Argument, Command, Option } from 'commander';

/** Suggestions for one position of the command line. */
export interface Guess {
  words: string[];
  files: boolean;
}

/** An option, as the completion scripts need it. */
export interface OptionNode {
  flags: string[];
  description: string;
  /** Suggestions for its value; undefined for an option without a value. */
  value: Guess | undefined;
}

/** One command of the tree. */
export interface CommandNode {
  /** Its words, such as `job results`; empty for `cyclorama` itself. */
  path: string;
  subcommands: { name: string; description: string }[];
  options: OptionNode[];
  arguments: Guess;
}

/** Placeholders for a path; a source or index may be a path. */
const FILES = /\b(?:path|dir|file|source|index)\b/;
/** Words for placeholders, where they are known without a server. */
const KNOWN_WORDS: Record<string, string[]> = { job: ['latest'] };

/** Lists every command of a program, the program first. */
export function toCommandNodes(program: Command): CommandNode[] {
  return nodesFrom(program, '');
}

function nodesFrom(command: Command, path: string): CommandNode[] {
  const help = command.createHelp();
  const subcommands = help.visibleCommands(command);
  const node: CommandNode = {
    path,
    subcommands: subcommands.map((each) => ({ name: each.name(), description: each.description() })),
    options: help.visibleOptions(command).map(toOptionNode),
    arguments: joinGuesses(command.registeredArguments.map(guessArgument)),
  };
  const below = command.commands.map((each) => nodesFrom(each, `${path} ${each.name()}`.trim()));
  return [node, ...below.flat()];
}

function toOptionNode(option: Option): OptionNode {
  const takesValue = option.required || option.optional;
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    description: option.description,
    value: takesValue ? { words: option.argChoices ?? [], files: FILES.test(option.flags) } : undefined,
  };
}

function guessArgument(argument: Argument): Guess {
  const name = argument.name();
  return { words: argument.argChoices ?? KNOWN_WORDS[name] ?? [], files: FILES.test(name) };
}

function joinGuesses(guesses: Guess[]): Guess {
  return { words: guesses.flatMap(({ words }) => words), files: guesses.some(({ files }) => files) };
}
