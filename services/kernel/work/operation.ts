import type { FileHeader } from '../../../gen/cyclorama/asset/v1/stats.ts';
import type { BlenderRequest, BlenderResult } from '../../../gen/cyclorama/blender/v1/blender.ts';
import type { Task } from '../../../gen/cyclorama/job/v1/task.ts';
import type { DescribedOperation } from '../dataset/described.ts';
import type { CycloramaError } from '../failure.ts';
import type { Content } from '../store/content.ts';
import type { S3Place } from '../uri.ts';

/** A file that a task leaves in the store. */
export interface OutputFile {
  place: S3Place;
  content: Content;
  contentType: string;
}

/** What a task came to, to be uploaded and recorded. */
export interface Product {
  files: OutputFile[];
  /** A few figures for lists of results; plain JSON. */
  detail: { [field: string]: unknown };
  /** The operation's whole answer, as protobuf JSON of its report message; kept in the record. */
  report: { [field: string]: unknown };
  warnings: string[];
  /** The asset failed all the same: the files are kept for a person to look at, and nothing else of it is. */
  failure?: CycloramaError;
  /** What Blender computed on, where the operation knows better than the worker. */
  device?: string;
  /** Images that were rendered. */
  frames?: number;
}

/** What is known about the asset when Blender is done with it. */
export interface AssetFacts {
  /** Bytes of the asset and of the files it refers to. */
  downloadedBytes: number;
  /** From triage, dependencies and decoding. */
  warnings: string[];
  /** What the file says of itself. */
  header: FileHeader;
  /** Where the last step wrote files. */
  outputDir: string;
  /** SHA-256 of the asset as it was downloaded, hex. */
  sha256: string;
  /** Version of Cyclorama. */
  version: string;
  /** Seconds by stage so far. */
  stageSeconds: { [stage: string]: number };
}

/** What Blender and, for operations with a second step, the imaging process answered. */
export interface Answers {
  blender: BlenderResult;
  imaging?: BlenderResult;
}

/** Another try at an asset whose first one came to nothing good. */
export interface SecondTry {
  /** The task with another spec; all else of it stays. */
  task: Task;
  /** Says what is different. */
  warning: string;
}

/** An object besides the asset that Blender needs, put beside it. */
export interface ExtraInput {
  place: S3Place;
  etag: string;
  maxBytes: number;
  /** Name in the asset's folder. */
  fileName: string;
}

/** What a task needs of its worker beyond the usual. */
export interface Workload {
  /** Room in scratch for what Blender and the step after it write, and for what lies beside the asset, in bytes. */
  scratchBytes: number;
  /** Factor on the longest time that Blender may take, 1 or more. */
  timeFactor: number;
}

export type BlenderOp = NonNullable<BlenderRequest['op']>;

/** A kind of task: what Blender is asked, and what becomes of its answer. Everything else is the worker's. */
export interface Operation extends DescribedOperation {
  /** Where a task's outputs may lie: objects, and folders (keys ending with a slash) that are the task's alone. */
  outputPlaces(task: Task): S3Place[];
  blenderOp(task: Task): BlenderOp;
  extraInputs?(task: Task): ExtraInput[];
  workload?(task: Task): Workload;
  /** The step after Blender's, which needs none: done in the imaging process while Blender has the next asset. Its input is what Blender wrote. */
  imagingOp?(task: Task, blender: BlenderResult, facts: AssetFacts): BlenderOp;
  /** Whether another try may do better than these answers; asked once. */
  secondTry?(task: Task, answers: Answers): SecondTry | undefined;
  /** Turns the answers into outputs; throws a CycloramaError where the asset lacks what the operation needs. */
  toProduct(task: Task, answers: Answers, facts: AssetFacts): Promise<Product> | Product;
  /** Outputs for an asset that failed for good, such as an error report. */
  toFailureProduct(task: Task, error: CycloramaError): Product;
}
