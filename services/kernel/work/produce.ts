import { JobClass } from '../../../gen/cyclorama/job/v1/job.ts';
import type { BlenderLease, BlenderPool } from '../blender/pool.ts';
import { CycloramaError } from '../failure.ts';
import type { AttemptParts } from './attempt.ts';
import type { Answers, AssetFacts, BlenderOp, Product } from './operation.ts';
import type { PreparedAsset } from './prepare.ts';

/** The product of an asset, and the facts about its making that the record holds. */
export interface Produced {
  product: Product;
  asset: PreparedAsset;
  blenderVersion: string;
}

/** The answers of one try and the asset as it was prepared for it. */
interface Tried {
  answers: Answers;
  asset: PreparedAsset;
  blenderVersion: string;
  facts: AssetFacts;
}

/**
 * Has Blender do the operation, a second time if the operation proposes other settings, and turns the answers into a
 * product while Blender already has the next asset. `onLease` must end before Blender sees the asset.
 */
export async function produce(
  parts: AttemptParts,
  signal: AbortSignal,
  onLease: () => Promise<void>,
): Promise<Produced> {
  const { operation, task, timed, folder } = parts;
  let tried = await tryOnce(parts, [], signal, onLease);
  const second = operation.secondTry?.(task, tried.answers);
  if (second) {
    await folder.empty();
    tried = await tryOnce({ ...parts, task: second.task }, [second.warning], signal, onLease);
  }
  const { answers, asset, blenderVersion, facts } = tried;
  const product = await timed('verify', async () => operation.toProduct(task, answers, facts));
  return { product, asset, blenderVersion };
}

async function tryOnce(
  parts: AttemptParts,
  warnings: string[],
  signal: AbortSignal,
  onLease: () => Promise<void>,
): Promise<Tried> {
  const { operation, task, pool, imaging, folder, stageSeconds } = parts;
  const asset = await parts.prepare(signal);
  const { answer: blender, blenderVersion } = await withLease(parts, pool, signal, async (lease) => {
    const [inputPath] = await Promise.all([folder.handInput(asset.path, lease.inputDir), onLease()]);
    // A .blend may carry settings and handlers that outlive a reset.
    if (asset.path.endsWith('.blend')) lease.retire();
    return { inputPath, op: operation.blenderOp(task) };
  });
  const facts: AssetFacts = {
    downloadedBytes: asset.downloadedBytes,
    warnings: [...warnings, ...asset.warnings, ...blender.warnings],
    header: asset.header,
    outputDir: folder.output,
    sha256: asset.sha256,
    version: parts.version,
    stageSeconds,
  };
  const answers: Answers = { blender };
  if (operation.imagingOp) {
    if (!imaging) throw new CycloramaError('internal', `'${task.operation}' needs the imaging process; there is none`);
    const op = operation.imagingOp(task, blender, facts);
    const { answer } = await withLease(parts, imaging, signal, async (lease) => {
      await folder.handOutput(lease.inputDir);
      return { inputPath: lease.inputDir, op };
    });
    answers.imaging = answer;
    facts.warnings.push(...answer.warnings);
  }
  return { answers, asset, blenderVersion, facts };
}

/** Waits for a warm process, runs the request that `begin` makes, and moves its files into the attempt's folder. */
async function withLease(
  { task, limits, folder, fresh, stageSeconds }: AttemptParts,
  pool: Pick<BlenderPool, 'withBlender'>,
  signal: AbortSignal,
  begin: (lease: BlenderLease) => Promise<{ inputPath: string; op: BlenderOp }>,
) {
  const waitingSince = performance.now();
  const urgent = task.jobClass === JobClass.JOB_CLASS_INTERACTIVE;
  const done = await pool.withBlender(
    signal,
    async (lease) => {
      addSeconds(stageSeconds, { wait: (performance.now() - waitingSince) / 1000 });
      const request = await begin(lease);
      const answer = await lease.run({ ...request, traceId: task.traceId }, { ...limits, signal });
      await folder.collectOutput(lease.outputDir);
      return { answer, blenderVersion: lease.blenderVersion };
    },
    { fresh, urgent },
  );
  addSeconds(stageSeconds, done.answer.stageSeconds);
  return done;
}

function addSeconds(sum: { [stage: string]: number }, more: { [stage: string]: number }): void {
  for (const [stage, seconds] of Object.entries(more)) sum[stage] = (sum[stage] ?? 0) + seconds;
}
