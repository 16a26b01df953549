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

/** The operation's own decision against an asset that Blender answered for. */
export interface Verdict {
  /**
   * `failed`: the answer did not pass its checks; the product's files are kept for a person to look at.
   * `skipped`: the operation declines the asset, and the product's files are its outputs.
   */
  outcome: 'failed' | 'skipped';
  error: CycloramaError;
}

/** The outcome of a task, to be uploaded and recorded. */
export interface Product {
  files: OutputFile[];
  /** A few figures for lists of results, as plain JSON. */
  detail: { [field: string]: unknown };
  /** The operation's whole answer as protobuf JSON of its report message. The record keeps it. */
  report: { [field: string]: unknown };
  warnings: string[];
  /** Set if the asset did not succeed although there is an answer. */
  verdict?: Verdict;
  /** The device that Blender computed on, if the operation knows it better than the worker. */
  device?: string;
  /** How many images were rendered. */
  frames?: number;
}

/** The facts about an asset that are known when Blender is done with it. */
export interface AssetFacts {
  /** Bytes of the asset and of the files it refers to. */
  downloadedBytes: number;
  /** Warnings of triage, of dependencies and of decoding. */
  warnings: string[];
  /** The file's own header: format, version, generator, author, licence. */
  header: FileHeader;
  /** The folder with the files that the last step wrote. */
  outputDir: string;
  /** SHA-256 of the downloaded asset, in hex. */
  sha256: string;
  /** Version of Cyclorama. */
  version: string;
  /** Seconds by stage so far. */
  stageSeconds: { [stage: string]: number };
}

/** The answers of Blender and, if the operation has an imaging step, of the imaging process. */
export interface Answers {
  blender: BlenderResult;
  imaging?: BlenderResult;
}

/** A second try at an asset whose first try failed its checks. */
export interface SecondTry {
  /** The task with another spec; its other fields are the same. */
  task: Task;
  /** The warning that says which settings are different. */
  warning: string;
}

/** An object that Blender needs besides the asset; it is put beside the asset. */
export interface ExtraInput {
  place: S3Place;
  etag: string;
  maxBytes: number;
  /** The object's file name in the asset's folder. */
  fileName: string;
}

/** The needs of a task that exceed those of a usual one. */
export interface Workload {
  /** Bytes of scratch space for the files that Blender and imaging write, and for the files beside the asset. */
  scratchBytes: number;
  /** Factor on Blender's deadline, 1 or more. */
  timeFactor: number;
}

export type BlenderOp = NonNullable<BlenderRequest['op']>;

/**
 * A kind of task: the request to Blender, and the outputs that its answer becomes. The worker does everything else.
 * docs/develop/add-an-operation.md goes through it step by step.
 */
export interface Operation extends DescribedOperation {
  /** All places of a task's outputs: objects, and folders (keys that end with a slash) that hold nothing else. */
  outputPlaces(task: Task): S3Place[];
  blenderOp(task: Task): BlenderOp;
  extraInputs?(task: Task): ExtraInput[];
  workload?(task: Task): Workload;
  /** The request to the imaging process, which reads the files that Blender wrote while Blender has the next asset. */
  imagingOp?(task: Task, blender: BlenderResult, facts: AssetFacts): BlenderOp;
  /** Proposes a second try if other settings may give better answers. It is asked once. */
  secondTry?(task: Task, answers: Answers): SecondTry | undefined;
  /** Turns the answers into outputs; throws a CycloramaError if the asset lacks something that the operation needs. */
  toProduct(task: Task, answers: Answers, facts: AssetFacts): Promise<Product> | Product;
  /** Makes the outputs of an asset that failed for good, such as an error report. */
  toFailureProduct(task: Task, error: CycloramaError): Product;
}
