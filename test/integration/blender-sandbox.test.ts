import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { slotFolders } from '../../services/kernel/blender/launch.ts';
import { realLauncher, temporaryFolder } from '../support/blender/blender.ts';

const LOOK_AROUND = `
import json, os, pathlib, socket
def can(action):
    try:
        action()
    except OSError:
        return False
    return True
slot = pathlib.Path.cwd()
print(json.dumps({
    "network": can(lambda: socket.create_connection(("127.0.0.1", PORT), timeout=2).close()),
    "processes": sum(name.isdigit() for name in os.listdir("/proc")),
    "secret": can(lambda: pathlib.Path("SECRET").read_bytes()),
    "runtimeWritable": can(lambda: pathlib.Path(os.environ["PYTHONPATH"], "x").touch()),
    "slotWritable": can(lambda: (slot / "out" / "x").touch()),
    "environment": sorted(name for name in os.environ if "AWS" in name or "CYCLORAMA_TOKEN" in name),
}))
`;

test('what is confined sees no network, no other process, no file of the host, and writes only to its slot', async () => {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  const scratch = await temporaryFolder();
  const folders = slotFolders(join(scratch, 'scratch'), 0);
  await mkdir(folders.output, { recursive: true });
  const secret = join(scratch, 'secret');
  await mkdir(secret);
  const launcher = await realLauncher('auto');
  const { file, args, env, cwd } = launcher.launch(folders);
  const port = String((server.address() as { port: number }).port);
  const code = LOOK_AROUND.replace('PORT', port).replace('SECRET', '/etc/passwd');
  const python = args.lastIndexOf('-s');
  const result = await execa(file, [...args.slice(0, python), '-s', '-B', '-c', code], { env, extendEnv: false, cwd });
  server.close();
  const seen = JSON.parse(result.stdout);
  if (launcher.sandbox === 'off') expect(launcher.reason).toMatch(/bwrap/);
  else expect(seen).toMatchObject({ network: false, secret: false, runtimeWritable: false });
  if (launcher.sandbox !== 'off') expect(seen.processes).toBeLessThanOrEqual(3);
  expect(seen).toMatchObject({ slotWritable: true, environment: [] });
});

test('without bubblewrap, auto says why there is no sandbox and required refuses', async () => {
  const missing = join(tmpdir(), 'no-such-bwrap');
  expect(await realLauncher('auto', missing)).toMatchObject({
    sandbox: 'off',
    reason: expect.stringContaining('is not installed'),
  });
  await expect(realLauncher('required', missing)).rejects.toMatchObject({ reason: 'sandbox_unavailable' });
});

test('where bubblewrap may not confine, auto says why and required refuses', async () => {
  expect(await realLauncher('auto', 'false')).toMatchObject({
    sandbox: 'off',
    reason: expect.stringContaining('work'),
  });
  await expect(realLauncher('required', 'false')).rejects.toMatchObject({ reason: 'sandbox_unavailable' });
});
