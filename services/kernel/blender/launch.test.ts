import { expect, test } from 'vitest';
import { blenderLaunch, pickDeviceEnvironment, slotFolders } from './launch.ts';

const program = {
  python: '/venv/bin/python',
  runtimeDir: '/app/blender-runtime',
  threads: 3,
  deviceEnvironment: { CUDA_VISIBLE_DEVICES: '1' },
  kernelCacheDir: undefined,
};

test('Blender speaks on descriptors 3 and 4 and finds the runtime by path', () => {
  const { file, args, env, sandboxed } = blenderLaunch(program, slotFolders('/scratch', 2));
  expect([file, ...args].join(' ')).toBe(
    '/venv/bin/python -s -B -m cyclorama_blender.serve --control-in 3 --control-out 4 --room scene --threads 3',
  );
  expect(env).toMatchObject({ PYTHONPATH: '/app/blender-runtime', MALLOC_ARENA_MAX: '2', CUDA_VISIBLE_DEVICES: '1' });
  expect(sandboxed).toBe(false);
});

test('home and temporary files lie in the slot', () => {
  const { env, cwd } = blenderLaunch(program, slotFolders('/scratch', 2));
  expect([env.HOME, env.TMPDIR, cwd]).toEqual(['/scratch/slot-2', '/scratch/slot-2/tmp', '/scratch/slot-2']);
});

test('Python orders its sets the same way in every process, so that an import has one outcome', () => {
  expect(blenderLaunch(program, slotFolders('/scratch', 0)).env.PYTHONHASHSEED).toBe('0');
});

test('compiled kernels go to the cache where there is one', () => {
  const { env } = blenderLaunch({ ...program, kernelCacheDir: '/cache' }, slotFolders('/scratch', 0));
  expect(env).toMatchObject({ XDG_CACHE_HOME: '/cache', CUDA_CACHE_PATH: '/cache', OPTIX_CACHE_PATH: '/cache' });
});

test('of the environment only what finds the GPU reaches Blender, no credential', () => {
  const picked = pickDeviceEnvironment({
    CUDA_VISIBLE_DEVICES: '0',
    NVIDIA_DRIVER_CAPABILITIES: 'all',
    LD_LIBRARY_PATH: '/usr/lib/nvidia',
    CUDA_UNSET: undefined,
    AWS_SECRET_ACCESS_KEY: 'secret',
    CYCLORAMA_TOKEN: 'secret',
    HOME: '/root',
    MY_CUDA_TOKEN: 'secret',
  });
  expect(Object.keys(picked)).toEqual(['CUDA_VISIBLE_DEVICES', 'NVIDIA_DRIVER_CAPABILITIES', 'LD_LIBRARY_PATH']);
});
