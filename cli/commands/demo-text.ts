import type { StackEndpoints } from '../stack/endpoints.ts';
import { tableLines } from '../terminal/tables.ts';

/** Facts about a finished demo. */
export interface DemoEnd {
  /** Folder of the bucket with the assets. */
  where: string;
  /** Folder of the bucket with the images. */
  rendered: string;
  seconds: number;
  endpoints: Pick<StackEndpoints, 'discovery' | 'analysis'>;
  /** Says whether the stack keeps running after the demo. */
  running: boolean;
  /** Base of the ports, if they are not the documented ones. */
  portBase: number | undefined;
  data: string | undefined;
}

/** Writes where the results are, how long the demo took, and commands to try next. */
export function nextSteps({ where, rendered, seconds, endpoints, running, portBase, data }: DemoEnd): string[] {
  const dataOption = data === undefined ? '' : ` --data ${data}`;
  const up = `npx cyclorama up --detach${dataOption}${portBase === undefined ? '' : ` --port-base ${portBase}`}`;
  const command = (words: string): string => `npx cyclorama ${words}${dataOption}`;
  const grpcurl = (request: string, address: string, method: string): string =>
    `grpcurl -plaintext -d '${request}' ${address} cyclorama.${method}`;
  const list = grpcurl(
    '{"prefix_uri":"s3://samples/"}',
    endpoints.discovery,
    'discovery.v1.DiscoveryService/ListAssets',
  );
  const report = grpcurl(
    '{"uri":"s3://samples/chair.glb"}',
    endpoints.analysis,
    'analysis.v1.AnalysisService/AnalyzeAsset',
  );
  return [
    '',
    'Results are ordinary files:',
    ...tableLines(
      ['left', 'left'],
      [
        [`  ${where}/`, 'the assets, a *_report.json beside each'],
        [`  ${where}/_cyclorama/`, 'jobs, and a record for each asset: what was done, how long it took, why it failed'],
        [`  ${rendered}/index.html`, 'all images at a glance: the contact sheet, for your browser'],
        [`  ${rendered}/`, 'textured, normal, depth and edge images and metadata.json of each asset'],
      ],
    ),
    '',
    `Took ${seconds.toFixed(1)} s. Go on with:`,
    ...tableLines(
      ['left', 'left'],
      [
        ...(running ? [] : [[`  ${up}`, '# keep the stack running']]),
        [`  ${command('job results latest --failed')}`, '# why assets failed'],
        [`  ${command('analyze s3://samples/chair.glb')}`, '# one report'],
        [`  ${command('put MY_MODELS s3://mine/ --create-bucket')}`, '# your own assets'],
        [`  ${command('validate mine')}`],
        [`  ${command('render s3://mine/ --output s3://mine/rendered/')}`, '# images of them'],
      ],
    ),
    `  ${list}`,
    `  ${report}`,
    ...(running ? [`  ${command('down')}`] : []),
  ];
}
