import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../program.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { toCommandNodes } from './nodes.ts';
import { zshScript } from './zsh.ts';

const nodes = toCommandNodes(await createProgram());

/** What bash offers for a line that ends where the cursor is. */
function complete(line: string): string[] {
  const words = line.split(' ');
  const script = `${bashScript(nodes)}
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
complete -p cyclorama > /dev/null || exit 1
_cyclorama
printf '%s\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['--norc', '-c', script, 'bash', ...words], { encoding: 'utf8' });
  return out.split('\n').filter((word) => word !== '');
}

/** Returns whether bash falls back on file names there. */
function completesFiles(line: string): boolean {
  const script = `${bashScript(nodes)}
compopt() { echo "$*"; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_cyclorama`;
  const out = execFileSync('bash', ['--norc', '-c', script, 'bash', ...line.split(' ')], { encoding: 'utf8' });
  return out.trim() === '-o default';
}

describe('bash completes', () => {
  it.each<[string, string[]]>([
    ['cyclorama val', ['validate']],
    ['cyclorama job re', ['retry', 'resume', 'results']],
    ['cyclorama job results l', ['latest']],
    ['cyclorama analyze --st', ['--style']],
    ['cyclorama analyze s3 --style ', ['validation', 'inspection']],
    ['cyclorama analyze --style ins', ['inspection']],
    ['cyclorama completion ', ['bash', 'zsh', 'fish']],
    ['cyclorama inspect --out', ['--output']],
    ['cyclorama validate job --fail', ['--fail-on-error']],
    ['cyclorama validate --limit ', []],
    ['cyclorama nonsense', []],
  ])('%s', (line, words) => {
    expect(complete(line)).toEqual(words);
  });

  it('every command at the top', async () => {
    const names = (await createProgram()).commands.map((command) => command.name());
    expect(complete('cyclorama ')).toEqual([...names, 'help']);
  });

  it.each([
    ['cyclorama inspect ', true],
    ['cyclorama inspect chair.glb -o ', true],
    ['cyclorama put ', true],
    ['cyclorama up --data ', true],
    ['cyclorama job get ', false],
    ['cyclorama validate --limit ', false],
    ['cyclorama inspect --', false],
  ])('file names after %s: %s', (line, expected) => {
    expect(completesFiles(line)).toBe(expected);
  });
});

describe('the scripts of all shells', () => {
  it.each([
    ['bash', bashScript],
    ['zsh', zshScript],
    ['fish', fishScript],
  ])('%s: name every command and every long option', (_, write) => {
    const script = write(nodes);
    const names = nodes.flatMap(({ subcommands }) => subcommands.map(({ name }) => name));
    const flags = nodes.flatMap(({ options }) => options.flatMap((option) => option.flags));
    const missing = [...names, ...flags.map((flag) => flag.replace(/^-+/, ''))].filter(
      (word) => !script.includes(word),
    );
    expect(missing).toEqual([]);
  });

  it('keep quotes of descriptions inside their strings', () => {
    const quoted = nodes.map((node) => ({ ...node, subcommands: [{ name: 'x', description: "a job's `rm` $(rm)" }] }));
    expect(() => execFileSync('bash', ['-n'], { input: bashScript(quoted) })).not.toThrow();
    expect(zshScript(quoted)).toContain("a job'\\''s `rm` $(rm)");
    expect(fishScript(quoted)).toContain("a job\\'s `rm` $(rm)");
  });
});
