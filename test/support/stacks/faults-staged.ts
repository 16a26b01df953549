import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTools } from '../../../scripts/tools.mjs';
import { boxGlb } from '../assets/glb.ts';

/**
 * The act of Blender when it opens a staged asset: `crash` ends it by a signal, `hold` waits for so many seconds each
 * time, and `stall` only the first time.
 */
export type Act = 'crash' | `hold-${number}` | `stall-${number}`;

/** Makes a good asset with an act for Blender in the name of its material. */
export function stagedGlb(act: Act, name: string): Buffer {
  return boxGlb({ materials: [`stage:${act}:${name}`] });
}

/**
 * The real Blender with a Python that loads a hook. When a file is opened, the hook does the act that the asset names,
 * and writes the opening to a journal. The workers must get its `environment`.
 */
export class StagedBlender {
  readonly environment: Record<string, string>;
  readonly #journal: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#journal = join(folder, 'journal');
    const python = join(folder, 'python');
    writeFileSync(python, `#!/bin/sh\nPYTHONPATH="${folder}:$PYTHONPATH" exec "${readTools().python}" "$@"\n`);
    chmodSync(python, 0o755);
    writeFileSync(join(folder, 'sitecustomize.py'), HOOK);
    // In a sandbox, Blender could not see the hook.
    this.environment = { CYCLORAMA_PYTHON: python, CYCLORAMA_SANDBOX: 'off' };
  }

  /** Counts the attempts that opened a staged asset. */
  timesOpened(name: string): number {
    if (!existsSync(this.#journal)) return 0;
    return readFileSync(this.#journal, 'utf8')
      .split('\n')
      .filter((line) => line === name).length;
  }
}

const HOOK = `
import os, re, signal, sys, time

JOURNAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "journal")
DIRECTION = re.compile(rb"stage:(crash|(hold|stall)-([0-9]+)):([a-z0-9-]+)")
seen = None

def on_open(event, arguments):
    global seen
    path = arguments[0] if event == "open" else None
    if not isinstance(path, str) or "/slot-" not in path or "/in/" not in path:
        return
    state = os.stat(path)
    if seen == (state.st_ino, state.st_mtime_ns):
        return
    seen = (state.st_ino, state.st_mtime_ns)
    with open(path, "rb") as file:
        direction = DIRECTION.search(file.read())
    if direction is None:
        return
    with open(JOURNAL, "a+b", buffering=0) as journal:
        journal.seek(0)
        before = journal.read().split()
        journal.write(direction[4] + b"\\n")
    if direction[1] == b"crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif direction[2] == b"hold" or direction[4] not in before:
        time.sleep(float(direction[3]))

sys.addaudithook(on_open)
`;
