import { existsSync } from 'node:fs';
import { findOnPath } from './debian.mjs';
import { probe, run } from './process.mjs';

/** Libraries that `import bpy` links against, although it needs no X server. */
const LIBRARIES = [
  { soname: 'libX11.so.6', debian: 'libx11-6', fedora: 'libX11' },
  { soname: 'libXrender.so.1', debian: 'libxrender1', fedora: 'libXrender' },
  { soname: 'libXfixes.so.3', debian: 'libxfixes3', fedora: 'libXfixes' },
  { soname: 'libXi.so.6', debian: 'libxi6', fedora: 'libXi' },
  { soname: 'libxkbcommon.so.0', debian: 'libxkbcommon0', fedora: 'libxkbcommon' },
  { soname: 'libSM.so.6', debian: 'libsm6', fedora: 'libSM' },
  { soname: 'libGL.so.1', debian: 'libgl1', fedora: 'libglvnd-glx' },
];

const CHECK = `
import ctypes, sys
for name in sys.argv[1:]:
    try:
        ctypes.CDLL(name)
    except OSError:
        print(name)
`;

/** Asks the loader for the libraries that Blender would miss; undefined if the interpreter does not run. */
export async function missingLibraries(python) {
  if (process.platform !== 'linux') return [];
  const output = await probe(python, ['-c', CHECK, ...LIBRARIES.map((library) => library.soname)]);
  return output && LIBRARIES.filter((library) => output.split('\n').includes(library.soname));
}

/** Installs missing libraries as root on Debian and Ubuntu; elsewhere throws with the command that installs them. */
export async function installLibraries(missing, note) {
  if (canApt()) {
    note(`apt-get install ${missing.map((library) => library.debian).join(' ')}`);
    await aptInstall(missing.map((library) => library.debian));
    return;
  }
  const names = missing.map((library) => library.soname).join(', ');
  throw new Error(`Blender needs system libraries that are missing (${names}). Run:\n  ${libraryCommand(missing)}`);
}

/** Returns the command that installs these libraries on this machine. */
export function libraryCommand(missing) {
  if (existsSync('/usr/bin/apt-get')) {
    const packages = missing.map((library) => library.debian).join(' ');
    return `${sudo()}apt-get update && ${sudo()}apt-get install -y ${packages}`;
  }
  return `${sudo()}dnf install -y ${missing.map((library) => library.fedora).join(' ')}`;
}

/** Installs bubblewrap, the worker's sandbox, if that needs no password. Returns false if it stays missing. */
export async function installBubblewrap(note) {
  if (process.platform !== 'linux' || (await probe('bwrap', ['--version'])) !== undefined) return true;
  if (!canApt()) return false;
  note('apt-get install bubblewrap');
  try {
    await aptInstall(['bubblewrap']);
    return true;
  } catch (error) {
    note(`not installed: ${error.message.split('\n')[0]}`);
    return false;
  }
}

/** Finds a program such as a browser on PATH, or else installs its Debian package with all its dependencies. */
export async function installDebianProgram(program, pack, note) {
  const onPath = findOnPath(program);
  if (onPath) return onPath;
  if (!canApt()) throw new Error(`'${program}' is missing. Run:\n  ${sudo()}apt-get install -y ${pack}`);
  note(`apt-get install ${pack}`);
  await aptInstall([pack]);
  const installed = findOnPath(program);
  if (!installed) throw new Error(`Debian's ${pack} brought no '${program}'`);
  return installed;
}

function canApt() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

function sudo() {
  return process.getuid?.() === 0 ? '' : 'sudo ';
}

async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'APT::Get::List-Cleanup=0'];
  await run('apt-get', [...wait, 'update', '-q'], { env });
  await run('apt-get', [...wait, 'install', '-q', '-y', '--no-install-recommends', ...packages], { env });
}
