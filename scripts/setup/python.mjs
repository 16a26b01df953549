import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { installOnce } from './cache.mjs';
import { withoutNodeModules } from './paths.mjs';
import { probe, run } from './process.mjs';

/** bpy 4.5 has wheels only for this version. */
export const PYTHON_VERSION = '3.11';
const UV = 'uv==0.13.9';

const REPORT =
  'import sys,json,importlib.util as u;print(json.dumps({"version":"%d.%d"%sys.version_info[:2],' +
  '"executable":sys.executable,"venv":bool(u.find_spec("venv") and u.find_spec("ensurepip") and u.find_spec("ssl")),' +
  '"pip":bool(u.find_spec("pip"))}))';

/** Finds every Python 3 that really runs, the wanted version first. A shim of a version manager may fail. */
export async function findPythons() {
  const found = [];
  for (const command of candidates()) {
    const python = await inspect(command);
    if (python && !found.some((other) => other.executable === python.executable)) found.push(python);
    if (found.at(-1)?.version === PYTHON_VERSION && found.at(-1).venv) break;
  }
  return found.sort((a, b) => Number(b.version === PYTHON_VERSION) - Number(a.version === PYTHON_VERSION));
}

function candidates() {
  const names = [`python${PYTHON_VERSION}`, 'python3', 'python3.12', 'python3.13', 'python3.10', 'python3.9'];
  const folders = (withoutNodeModules().PATH ?? '').split(delimiter).filter(Boolean);
  const onPath = names.flatMap((name) =>
    folders.map((folder) => join(folder, name)).filter((file) => existsSync(file)),
  );
  const versions = join(homedir(), '.pyenv/versions');
  const pyenv = existsSync(versions)
    ? readdirSync(versions)
        .filter((version) => version.startsWith(`${PYTHON_VERSION}.`))
        .map((version) => join(versions, version, 'bin/python3'))
    : [];
  const wanted = onPath.filter((file) => file.endsWith(PYTHON_VERSION));
  return [...wanted, ...pyenv, ...onPath.filter((file) => !wanted.includes(file))];
}

async function inspect(command) {
  const output = await probe(command, ['-c', REPORT], { timeoutMs: 10_000 });
  const line = output?.trim().split('\n').at(-1) ?? '';
  return line.startsWith('{') ? JSON.parse(line) : undefined;
}

/**
 * Creates a virtual environment with pip in `folder`, with the Python that bpy needs.
 * With `anyVersion` it takes any Python, for a wheel that only carries a program.
 */
export async function createVenv(folder, note, { anyVersion = false } = {}) {
  const pythons = await findPythons();
  const fitting = pythons.find((python) => python.version === PYTHON_VERSION || (anyVersion && python.venv));
  if (fitting?.venv) {
    await run(fitting.executable, ['-m', 'venv', '--clear', folder]);
    return;
  }
  note(`fetching Python ${PYTHON_VERSION} with uv`);
  try {
    const uv = await installUv(pythons);
    await run(uv, ['venv', '--clear', '--seed', '--python', fitting?.executable ?? PYTHON_VERSION, folder], {
      env: { ...withoutNodeModules(), ...(await uvSettings(pythons)) },
    });
  } catch (cause) {
    const why = `bpy needs Python ${PYTHON_VERSION} with venv; none was found and uv could not fetch it`;
    throw new Error(`${why}. Run:\n  ${installHint()}\n${cause.message}`, { cause });
  }
}

function installHint() {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  if (existsSync('/usr/bin/apt-get'))
    return `${sudo}apt-get install -y python${PYTHON_VERSION} python${PYTHON_VERSION}-venv`;
  if (existsSync('/usr/bin/dnf')) return `${sudo}dnf install -y python${PYTHON_VERSION}`;
  return `pyenv install ${PYTHON_VERSION}`;
}

async function installUv(pythons) {
  const helper = pythons.find((python) => python.venv || python.pip);
  if (helper === undefined) throw new Error('no Python 3 with pip or venv is on PATH');
  const folder = await installOnce(`uv-${UV.split('==')[1]}`, async (target) => {
    if (helper.pip) return run(helper.executable, ['-m', 'pip', 'install', '--target', target, UV]);
    await run(helper.executable, ['-m', 'venv', target]);
    return run(join(target, 'bin/pip'), ['install', UV]);
  });
  return join(folder, 'bin/uv');
}

/** Reads a mirror or certificate from pip's configuration for uv, which does not read it. */
async function uvSettings(pythons) {
  const pip = pythons.find((python) => python.pip);
  const read = async (key) =>
    pip && (await probe(pip.executable, ['-m', 'pip', 'config', 'get', `global.${key}`]))?.trim();
  const index = process.env.PIP_INDEX_URL ?? (await read('index-url'));
  const certificate = process.env.PIP_CERT ?? (await read('cert'));
  return {
    ...(index && !process.env.UV_DEFAULT_INDEX ? { UV_DEFAULT_INDEX: index } : {}),
    ...(certificate && !process.env.SSL_CERT_FILE ? { SSL_CERT_FILE: certificate } : {}),
  };
}

/** Installs a hash-locked requirements file with the pip of a virtual environment. */
export async function installRequirements(venv, file, note) {
  const args = [
    '-m',
    'pip',
    'install',
    '--require-hashes',
    '--only-binary',
    ':all:',
    '--no-input',
    '--disable-pip-version-check',
    '-r',
    file,
  ];
  await run(join(venv, 'bin/python'), args, {
    onLine: (line) => {
      const match = /^(Downloading|Collecting|Installing) ?(\S+)?/.exec(line);
      if (match) note(match[1] === 'Installing' ? 'installing' : `${match[1].toLowerCase()} ${match[2] ?? ''}`);
    },
  });
}
