import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { invalidRequest } from '../../services/kernel/failure.ts';
import { parseFolderUri, parseObjectUri, type S3Place } from '../../services/kernel/uri.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../connect/command-run.ts';
import { type LocalFile, listFiles } from '../files/folder.ts';
import { putFiles } from '../files/transfer.ts';
import { reportTransfer } from '../files/transfer-report.ts';
import { addExamples } from '../terminal/examples.ts';

interface PutOptions extends ServerOptions {
  createBucket?: boolean;
}

/** Adds `cyclorama put`. */
export function register(program: Command): void {
  const command = withServer(
    program
      .command('put')
      .description('copy a folder or file into a bucket; skips files that are unchanged there')
      .argument('<path>', 'folder or file')
      .argument('<uri>', 's3://bucket/prefix/; for a single file also its whole s3://bucket/key')
      .option('--create-bucket', 'create the bucket where it does not exist'),
  ).action(action<PutOptions>((context, options, [path, uri]) => put(context, options, path!, uri!)));
  addExamples(command, [
    ['put ./models s3://mine/ --create-bucket', 'a folder into a new bucket'],
    ['put chair.glb s3://mine/furniture/seat.glb', 'a file under another key'],
  ]);
}

async function put(context: CommandContext, options: PutOptions, path: string, uri: string): Promise<number> {
  const { connection, signal } = context;
  const place = (await isFile(path)) && !uri.endsWith('/') ? parseObjectUri(uri, 'URI') : parseFolderUri(uri, 'URI');
  const { store, where } = await connection.store();
  if (options.createBucket) await store.createBucket(place.bucket, signal);
  const { listener, finish } = reportTransfer(context, 'sent', where, path);
  await putFiles(store, filesFor(place, path), place, listener, signal);
  return finish();
}

/** Lists the files to send. A single file with a whole key as its target takes that key. */
async function* filesFor(place: S3Place, path: string): AsyncGenerator<LocalFile> {
  const exact = place.key !== '' && !place.key.endsWith('/');
  for await (const file of listFiles(path)) yield exact ? { ...file, name: '' } : file;
}

async function isFile(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    // A pipe or a device may never end.
    if (!found.isFile() && !found.isDirectory()) throw new Error(`'${path}' is neither a file nor a folder`);
    return found.isFile();
  } catch (error) {
    throw invalidRequest({ field: 'PATH', description: (error as Error).message });
  }
}
