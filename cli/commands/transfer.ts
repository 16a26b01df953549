import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { invalidRequest } from '../../services/kernel/failure.ts';
import type { StoredObject } from '../../services/kernel/object-store.ts';
import { parseFolderUri, parseObjectUri, parseS3Uri, type S3Place } from '../../services/kernel/uri.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../command-run.ts';
import { addExamples } from '../examples.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf, formatBytes } from '../figures.ts';
import { type LocalFile, listFiles } from '../folder.ts';
import { printable } from '../printable.ts';
import { getObjects, listObjects, putFiles, type TransferListener } from '../transfer.ts';

interface PutOptions extends ServerOptions {
  createBucket?: boolean;
}

/** Adds `cyclorama put` and `cyclorama get`. */
export function register(program: Command): void {
  const putCommand = withServer(
    program
      .command('put')
      .description('copy a folder or file into a bucket; what lies there unchanged is passed over')
      .argument('<path>', 'folder or file')
      .argument('<uri>', 's3://bucket/prefix/; for a single file also its whole s3://bucket/key')
      .option('--create-bucket', 'create the bucket where it does not exist'),
  ).action(action<PutOptions>((context, options, [path, uri]) => put(context, options, path!, uri!)));
  addExamples(putCommand, [
    ['put ./models s3://mine/ --create-bucket', 'a folder into a new bucket'],
    ['put chair.glb s3://mine/furniture/seat.glb', 'a file under another key'],
  ]);
  const getCommand = withServer(
    program
      .command('get')
      .description('copy an object, or what lies below a prefix, into a folder; never writes outside that folder')
      .argument('<uri>', 's3://bucket/prefix/ or s3://bucket/key')
      .argument('<dir>', 'folder; created where it does not exist'),
  ).action(action((context, _, [uri, dir]) => get(context, uri!, dir!)));
  addExamples(getCommand, [
    ['get s3://mine/ ./results', 'a whole bucket'],
    ['get s3://mine/chair_report.json .', 'one object'],
  ]);
}

async function put(context: CommandContext, options: PutOptions, path: string, uri: string): Promise<number> {
  const { connection, signal } = context;
  const place = (await isFile(path)) && !uri.endsWith('/') ? parseObjectUri(uri, 'URI') : parseFolderUri(uri, 'URI');
  const { store, where } = connection.store();
  if (options.createBucket) await store.createBucket(place.bucket, signal);
  const { listener, finish } = report(context, 'sent', where);
  await putFiles(store, filesFor(place, path), place, listener, signal);
  return finish();
}

/** A single file that was given a whole key takes that key. */
async function* filesFor(place: S3Place, path: string): AsyncGenerator<LocalFile> {
  const exact = place.key !== '' && !place.key.endsWith('/');
  for await (const file of listFiles(path)) yield exact ? { ...file, name: '' } : file;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    throw invalidRequest({ field: 'PATH', description: (error as Error).message });
  }
}

async function get(context: CommandContext, uri: string, dir: string): Promise<number> {
  const { connection, signal } = context;
  const { store, where } = connection.store();
  const place = parseS3Uri(uri, 'URI');
  const { listener, finish } = report(context, 'fetched', where);
  const single = place.key === '' || place.key.endsWith('/') ? undefined : await store.head(place, signal);
  const folder = { bucket: place.bucket, key: place.key.slice(0, place.key.lastIndexOf('/') + 1) };
  if (single !== undefined) await getObjects(store, only(single), folder, dir, listener, signal);
  else {
    const whole = parseFolderUri(uri, 'URI');
    await getObjects(store, listObjects(store, whole, signal), whole, dir, listener, signal);
  }
  return finish();
}

async function* only(object: StoredObject): AsyncGenerator<StoredObject> {
  yield object;
}

/** Prints what is transferred as it goes and says at the end how much that was. */
function report({ terminal, json }: CommandContext, verb: 'sent' | 'fetched', where: string) {
  let bytes = 0;
  const counts = { copied: 0, unchanged: 0, refused: 0 };
  const listener: TransferListener = {
    onFile(file) {
      counts[file.outcome] += 1;
      if (file.outcome === 'copied') bytes += file.sizeBytes;
      if (json) terminal.print(JSON.stringify(file));
      else if (file.outcome === 'copied') terminal.print(printable(verb === 'sent' ? file.uri : file.path));
      terminal.status(() => `${counts.copied} ${verb}, ${counts.unchanged} unchanged, ${formatBytes(bytes)}`);
    },
    onRefused(uri, why) {
      counts.refused += 1;
      if (json) terminal.print(JSON.stringify({ uri, outcome: 'refused', why }));
      else terminal.note(`refused: ${printable(uri)}: ${why}`);
    },
  };
  const finish = (): number => {
    terminal.status(undefined);
    const prepositions = { sent: 'to', fetched: 'from' };
    const refused = counts.refused > 0 ? `, ${counts.refused} refused` : '';
    const copied = `${countOf(counts.copied, 'file')} (${formatBytes(bytes)}) ${verb} ${prepositions[verb]} ${where}`;
    if (!json) terminal.note(`${copied}, ${counts.unchanged} unchanged${refused}`);
    const nothing = counts.copied + counts.unchanged === 0;
    return nothing || counts.refused > 0 ? EXIT.failed : EXIT.ok;
  };
  return { listener, finish };
}
