import type { Command } from 'commander';
import { invalidRequest } from '../../services/kernel/failure.ts';
import { parseFolderUri, parseS3Uri } from '../../services/kernel/uri.ts';
import { action, type CommandContext, withServer } from '../connect/command-run.ts';
import { checkOutputFolder, isS3Word } from '../files/source-word.ts';
import { getObjects, listObjects } from '../files/transfer.ts';
import { reportTransfer } from '../files/transfer-report.ts';
import { addExamples } from '../terminal/examples.ts';

/** Adds `cyclorama get`. */
export function register(program: Command): void {
  const command = withServer(
    program
      .command('get')
      .description('copy an object, or what lies below a prefix, into a folder; never writes outside that folder')
      .argument('<uri>', 's3://bucket/prefix/ or s3://bucket/key')
      .argument('<dir>', 'folder; created where it does not exist'),
  ).action(action((context, _, [uri, dir]) => get(context, uri!, dir!)));
  addExamples(command, [
    ['get s3://mine/ ./results', 'a whole bucket'],
    ['get s3://mine/chair_report.json .', 'one object'],
  ]);
}

async function get(context: CommandContext, uri: string, dir: string): Promise<number> {
  const { connection, signal } = context;
  if (isS3Word(dir)) throw invalidRequest({ field: 'DIR', description: `'${dir}' is a URI; expected a folder` });
  await checkOutputFolder(dir, 'DIR');
  const { store, where } = await connection.store();
  const place = parseS3Uri(uri, 'URI');
  const { listener, finish } = reportTransfer(context, 'fetched', where, uri);
  const single = place.key === '' || place.key.endsWith('/') ? undefined : await store.head(place, signal);
  const folder = { bucket: place.bucket, key: place.key.slice(0, place.key.lastIndexOf('/') + 1) };
  if (single !== undefined) await getObjects(store, [single], folder, dir, listener, signal);
  else {
    const whole = parseFolderUri(uri, 'URI');
    await getObjects(store, listObjects(store, whole, signal), whole, dir, listener, signal);
  }
  return finish();
}
