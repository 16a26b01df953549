import { lstat, mkdir, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { CycloramaError } from '../failure.ts';
import { type BlenderLaunch, type BlenderProgram, blenderLaunch, type SlotFolders } from './launch.ts';

/** Values of CYCLORAMA_SANDBOX. */
export type SandboxMode = 'required' | 'auto' | 'off';

/** Parts of the host that Blender may see. */
export interface SandboxView {
  /** Paths that Blender may read, at the same place as outside. */
  readOnly: string[];
  /** Symbolic links such as `/lib` -> `usr/lib`. */
  links: { target: string; path: string }[];
  /** Device nodes of a GPU. */
  devices: string[];
  /** Paths that Blender may write, at the same place as outside. */
  writable: string[];
}

const PROBE_TIMEOUT_MS = 10_000;
const ROOT_FOLDERS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
const ETC_FILES = ['/etc/ld.so.cache', '/etc/alternatives', '/etc/fonts', '/etc/OpenCL', '/etc/vulkan', '/etc/glvnd'];

/** Wraps a launch in bubblewrap: Blender gets no network, sees no other process and only the paths of the view. */
export function sandboxLaunch(launch: BlenderLaunch, view: SandboxView, bubblewrap = 'bwrap'): BlenderLaunch {
  const args = ['--unshare-all', '--die-with-parent', '--new-session', '--clearenv'];
  for (const [name, value] of Object.entries(launch.env)) args.push('--setenv', name, value);
  args.push('--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp');
  for (const path of view.readOnly) args.push('--ro-bind', path, path);
  for (const { target, path } of view.links) args.push('--symlink', target, path);
  for (const path of view.devices) args.push('--dev-bind-try', path, path);
  for (const path of view.writable) args.push('--bind', path, path);
  args.push('--chdir', launch.cwd, '--', launch.file, ...launch.args);
  // bubblewrap itself needs no variables; Blender's are passed by --setenv.
  const env = { PATH: launch.env.PATH ?? '/usr/bin:/bin' };
  return { file: bubblewrap, args, env, cwd: launch.cwd, sandboxed: true };
}

/** Makes the launches of slots, and says whether they are sandboxed. */
export interface Launcher {
  sandbox: 'bubblewrap' | 'off';
  /** Reason why a wanted sandbox does not work; empty otherwise. */
  reason: string;
  launch(folders: SlotFolders): BlenderLaunch;
}

/** Finds out once whether a sandbox works on this machine; if not, `required` throws `sandbox_unavailable`. */
export async function createLauncher(
  mode: SandboxMode,
  program: BlenderProgram,
  bubblewrap = 'bwrap',
): Promise<Launcher> {
  if (program.kernelCacheDir !== undefined) await mkdir(program.kernelCacheDir, { recursive: true });
  const plain = (folders: SlotFolders): BlenderLaunch => blenderLaunch(program, folders);
  if (mode === 'off') return { sandbox: 'off', reason: '', launch: plain };
  const view = await readSandboxView(program);
  const reason = await probeSandbox(view, bubblewrap);
  if (reason === '') {
    const launch = (folders: SlotFolders): BlenderLaunch =>
      sandboxLaunch(plain(folders), { ...view, writable: [...view.writable, folders.root] }, bubblewrap);
    return { sandbox: 'bubblewrap', reason, launch };
  }
  if (mode === 'required') throw new CycloramaError('sandbox_unavailable', `CYCLORAMA_SANDBOX=required: ${reason}`);
  return { sandbox: 'off', reason, launch: plain };
}

/** Runs `true` in a sandbox; returns the reason if that fails, otherwise an empty string. */
async function probeSandbox(view: SandboxView, bubblewrap: string): Promise<string> {
  const launch = { file: '/usr/bin/true', args: [], env: { PATH: '/usr/bin:/bin' }, cwd: '/', sandboxed: false };
  const { file, args, env } = sandboxLaunch(launch, view, bubblewrap);
  const result = await execa(file, args, { env, extendEnv: false, reject: false, timeout: PROBE_TIMEOUT_MS });
  if (result.exitCode === 0) return '';
  if (result.code === 'ENOENT') return `'${bubblewrap}' is not installed (Debian package bubblewrap)`;
  return `bwrap does not work here: ${(result.stderr || result.shortMessage || '').split('\n')[0]}`;
}

async function readSandboxView(program: BlenderProgram): Promise<SandboxView> {
  const view: SandboxView = { readOnly: ['/usr'], links: [], devices: [], writable: [] };
  for (const path of ROOT_FOLDERS) {
    const entry = await lstat(path).catch(() => undefined);
    if (entry?.isSymbolicLink()) view.links.push({ target: (await realpath(path)).slice(1), path });
    else if (entry?.isDirectory()) view.readOnly.push(path);
  }
  for (const path of ETC_FILES) if (await exists(path)) view.readOnly.push(path);
  view.readOnly.push(...(await pythonFolders(program.python)), await realpath(program.runtimeDir));
  if (program.runtimeDir !== (await realpath(program.runtimeDir))) view.readOnly.push(program.runtimeDir);
  if (program.kernelCacheDir !== undefined) view.writable.push(program.kernelCacheDir);
  if (program.room === 'imaging') return view;
  const names = await readdir('/dev');
  view.devices = names.filter((name) => name.startsWith('nvidia')).map((name) => join('/dev', name));
  if (view.devices.length > 0) view.readOnly.push('/sys');
  return view;
}

/** Asks Python for its folders: its environment and, with links resolved, the installation behind it. */
async function pythonFolders(python: string): Promise<string[]> {
  const code =
    'import json,os,sys;r=os.path.realpath;p,b=sys.prefix,sys.base_prefix;print(json.dumps([p,r(p),b,r(b)]))';
  const result = await execa(python, ['-I', '-c', code], { timeout: PROBE_TIMEOUT_MS, reject: false });
  if (result.exitCode !== 0) {
    const message = `'${python}' does not report its folders: ${result.shortMessage}; expected the Python of set-up`;
    throw new CycloramaError('blender_unavailable', message);
  }
  const folders = JSON.parse(result.stdout) as string[];
  return [...new Set(folders)].filter((folder) => folder !== '/usr' && !folder.startsWith('/usr/'));
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
