import type { WorkerBeat } from '../../../gen/cyclorama/job/v1/task.ts';
import type { Bus } from '../bus/types.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Log } from '../process/log.ts';
import type { SourceParts } from '../sources/source.ts';
import type { ObjectStore } from '../store/types.ts';

/** Everything that the drive of a job works with. */
export interface DriveParts {
  bus: Bus;
  jobs: Jobs;
  store: ObjectStore;
  source: SourceParts;
  /** Recipe version of the operation. */
  recipe: number;
  driverId: string;
  /** The live workers that take this operation's tasks. */
  liveWorkers: () => Promise<WorkerBeat[]>;
  /** If results are missing and the queue was empty for this long, the source is planned again. */
  stallMs: number;
  log: Log;
}
