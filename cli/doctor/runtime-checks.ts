import { join } from 'node:path';
import { execa } from 'execa';
import { libraryCommand, missingLibraries } from '../../scripts/setup/system-libraries.mjs';
import { ROOT } from '../stack/data-dir.ts';
import { ask, type Check, fail, ok, SET_UP, toolsOrUndefined, warn } from './check.ts';

const NODE_MAJOR = 24;
const SELFTEST =
  'import bpy, json; from cyclorama_blender.scene.render.selftest import selftest; ' +
  'print("\\n" + json.dumps(selftest().message))';

const node: Check = {
  name: 'Node',
  async run() {
    const { node: version } = process.versions;
    if (Number(version.split('.')[0]) >= NODE_MAJOR) return ok(`${version} (${process.execPath})`);
    return fail(`${version}; expected ${NODE_MAJOR} or newer`, 'start it as `npx cyclorama`, or install Node 24');
  },
};

const python: Check = {
  name: 'Python',
  async run() {
    const tools = toolsOrUndefined();
    if (tools === undefined) return fail('this clone is not set up', SET_UP);
    const version = await ask(tools.python, ['-c', 'import platform; print(platform.python_version())']);
    if (version === undefined) return fail(`'${tools.python}' does not run`, `remove its folder, then ${SET_UP}`);
    return ok(`${version} (${tools.python})`);
  },
};

const libraries: Check = {
  name: 'system libraries',
  async run() {
    const missing = await missingLibraries(toolsOrUndefined()?.python ?? 'python3');
    if (missing === undefined) return fail('cannot be checked, because Python does not run', SET_UP);
    if (missing.length === 0) return ok('all that Blender links against');
    return fail(`missing: ${missing.map(({ soname }) => soname).join(', ')}`, `run: ${libraryCommand(missing)}`);
  },
};

interface Selftest {
  blenderVersion: string;
  gpuDevices: string[];
}

/** Imports bpy in a process of its own, evaluates a cube and lists Cycles' devices. */
async function runSelftest(signal: AbortSignal): Promise<Selftest> {
  const { python } = toolsOrUndefined() ?? { python: 'python3' };
  const { stdout } = await execa(python, ['-s', '-B', '-c', SELFTEST], {
    env: { PYTHONPATH: join(ROOT, 'blender-runtime') },
    cancelSignal: signal,
    forceKillAfterDelay: 1_000,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Selftest;
}

const blender: Check = {
  name: 'Blender (bpy)',
  async run(signal) {
    if (toolsOrUndefined() === undefined) return fail('this clone is not set up', SET_UP);
    const { blenderVersion, gpuDevices } = await runSelftest(signal);
    return ok(`${blenderVersion}; Cycles on ${gpuDevices.length === 0 ? 'the CPU' : gpuDevices.join(', ')}`);
  },
};

const gpu: Check = {
  name: 'GPU',
  async run() {
    const listed = (
      await ask('nvidia-smi', ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'])
    )?.trim();
    if (listed) return ok(listed.split('\n').join('; '));
    return warn('no NVIDIA GPU answers to nvidia-smi', 'none is needed for analysis; rendering will use the CPU');
  },
};

const sandbox: Check = {
  name: 'bubblewrap',
  async run() {
    const version = await ask('bwrap', ['--version']);
    if (version === undefined) return warn('not installed', 'for a sandbox around Blender: install bubblewrap');
    const works = await ask('bwrap', ['--unshare-all', '--ro-bind', '/', '/', '--dev', '/dev', '--', '/usr/bin/true']);
    if (works !== undefined) return ok(version.trim());
    return warn(
      `${version.trim()}, but it may not make namespaces here`,
      'allow unprivileged user namespaces, or run without',
    );
  },
};

const slurm: Check = {
  name: 'sbatch',
  async run() {
    const version = await ask('sbatch', ['--version']);
    return version === undefined ? warn('not found', 'needed only to send work to SLURM') : ok(version.trim());
  },
};

/** The checks of this machine: interpreters, libraries, GPU and the programs that a worker may use. */
export const RUNTIME_CHECKS: Check[] = [node, python, libraries, blender, gpu, sandbox, slurm];
