import { join } from 'node:path';

/** How one Blender process is started. */
export interface BlenderLaunch {
  file: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  /** Whether the program is a sandbox around Blender, so that exit codes above 128 stand for signals. */
  sandboxed: boolean;
}

/** Folders of one slot; Blender may write nowhere else. */
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

/** What the launch depends on besides the slot. */
export interface BlenderProgram {
  python: string;
  /** Folder that holds the package `cyclorama_blender`. */
  runtimeDir: string;
  threads: number;
  /** `scene` has Blender; `imaging` makes images of what it wrote. `scene` by default. */
  room?: 'scene' | 'imaging';
  /** Variables that pin and find the GPU, from `pickDeviceEnvironment`. */
  deviceEnvironment: Record<string, string>;
  /** Where compiled GPU kernels stay between processes; undefined where there is no GPU. */
  kernelCacheDir: string | undefined;
}

const DEVICE_VARIABLES = /^(CUDA_|NVIDIA_|OPTIX_|CYCLES_|GPU_DEVICE_ORDINAL$|LD_LIBRARY_PATH$)/;

/** Picks the variables that say which GPU Blender may use; credentials stay behind. */
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
      // The glTF add-on walks sets of attribute names: with a random seed a file imports in one process and fails in another.
      PYTHONHASHSEED: '0',
      // bpy runs on glibc's allocator; one arena per thread would never shrink.
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
