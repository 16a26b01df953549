import { join } from 'node:path';

/** Command, environment and folder that start one Blender process. */
export interface BlenderLaunch {
  file: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  /** Says whether the program is a sandbox around Blender, whose exit codes above 128 mean signals. */
  sandboxed: boolean;
}

/** Folders of one slot. In a sandbox Blender may write only here and to the cache of GPU kernels. */
export interface SlotFolders {
  root: string;
  input: string;
  output: string;
  temporary: string;
}

/** Names the folders of a slot below the scratch directory. */
export function slotFolders(scratchDir: string, slot: number): SlotFolders {
  const root = join(scratchDir, `slot-${slot}`);
  return { root, input: join(root, 'in'), output: join(root, 'out'), temporary: join(root, 'tmp') };
}

/** Settings of the launch that do not depend on the slot. */
export interface BlenderProgram {
  python: string;
  /** Folder that holds the package `cyclorama_blender`. */
  runtimeDir: string;
  threads: number;
  /** `scene` runs Blender; `imaging` makes images from Blender's files. `scene` is the default. */
  room?: 'scene' | 'imaging';
  /** Variables that select the GPU, from `pickDeviceEnvironment`. */
  deviceEnvironment: Record<string, string>;
  /** Folder that keeps compiled GPU kernels between processes; undefined if there is no GPU. */
  kernelCacheDir: string | undefined;
}

const DEVICE_VARIABLES = /^(CUDA_|NVIDIA_|OPTIX_|CYCLES_|GPU_DEVICE_ORDINAL$|LD_LIBRARY_PATH$)/;

/** Picks the variables that say which GPU Blender may use; no others, so that Blender gets no credentials. */
export function pickDeviceEnvironment(environment: Record<string, string | undefined>): Record<string, string> {
  const picked = Object.entries(environment).filter(
    (entry): entry is [string, string] => DEVICE_VARIABLES.test(entry[0]) && entry[1] !== undefined,
  );
  return Object.fromEntries(picked);
}

/** Builds the command of a warm Blender without a sandbox. */
export function blenderLaunch(program: BlenderProgram, folders: SlotFolders): BlenderLaunch {
  const { kernelCacheDir: cache, room = 'scene' } = program;
  return {
    file: program.python,
    // -s: no packages from a home directory; -B: the runtime's folder may be read-only.
    args: ['-s', '-B', '-m', 'cyclorama_blender.serve', ...serveArguments(room, program.threads)],
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: 'C.UTF-8',
      HOME: folders.root,
      TMPDIR: folders.temporary,
      TEMP: folders.temporary,
      PYTHONPATH: program.runtimeDir,
      PYTHONUNBUFFERED: '1',
      // The glTF add-on iterates sets of attribute names; with a random seed, a file may import in one process only.
      PYTHONHASHSEED: '0',
      // bpy uses glibc's allocator, whose arenas (one per thread by default) would never shrink.
      MALLOC_ARENA_MAX: '2',
      OMP_NUM_THREADS: String(program.threads),
      OPENBLAS_NUM_THREADS: '1',
      ...program.deviceEnvironment,
      ...(cache === undefined ? {} : { XDG_CACHE_HOME: cache, CUDA_CACHE_PATH: cache, OPTIX_CACHE_PATH: cache }),
    },
    cwd: folders.root,
    sandboxed: false,
  };
}

function serveArguments(room: string, threads: number): string[] {
  return ['--control-in', '3', '--control-out', '4', '--room', room, '--threads', String(threads)];
}
