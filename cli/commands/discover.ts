import type { Command } from 'commander';
import { Asset } from '../../gen/cyclorama/asset/v1/asset.ts';
import { DiscoveryServiceClient } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../connect/command-run.ts';
import { scanAssets } from '../connect/scan.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { countOf, formatBytes, formatCount, formatTime } from '../terminal/figures.ts';
import { collect, parseCount } from '../terminal/option-values.ts';
import { printable } from '../terminal/printable.ts';

interface DiscoverOptions extends ServerOptions {
  suffix?: string[];
  limit?: number;
}

/** Adds `cyclorama discover`. */
export function register(program: Command): void {
  const command = withServer(
    program
      .command('discover')
      .description('list assets below a prefix, in key order')
      .argument('<prefix-uri>', 's3://bucket/prefix')
      .option('--suffix <suffix>', 'accepted ending, repeatable (default: .glb)', collect)
      .option('--limit <n>', 'at most this many', parseCount),
  ).action(action<DiscoverOptions>(discover));
  addExamples(command, [
    ['discover s3://samples/', 'every .glb of a bucket'],
    ['discover s3://samples/furniture/ --suffix .obj --suffix .gltf --limit 20', 'other endings'],
    ['discover s3://samples/ --json', 'one JSON object a line'],
  ]);
}

async function discover(context: CommandContext, options: DiscoverOptions, args: string[]): Promise<number> {
  const { terminal, connection, signal, json } = context;
  const client = await connection.client(DiscoveryServiceClient, 'discovery');
  const query = { prefixUri: args[0]!, suffixes: options.suffix ?? [], limit: options.limit ?? 0 };
  let count = 0;
  let bytes = 0n;
  for await (const assets of scanAssets(client, query, signal)) {
    for (const asset of assets) {
      terminal.print(json ? JSON.stringify(Asset.toJSON(asset)) : assetLine(asset));
      bytes += asset.sizeBytes;
    }
    count += assets.length;
    terminal.status(() => `${formatCount(count)} listed`);
  }
  terminal.status(undefined);
  if (!json) terminal.note(`${countOf(count, 'asset')}, ${formatBytes(bytes)}`);
  return EXIT.ok;
}

function assetLine({ uri, sizeBytes, lastModifyTime }: Asset): string {
  return `${formatBytes(sizeBytes).padStart(8)}  ${formatTime(lastModifyTime).padEnd(19)}  ${printable(uri)}`;
}
