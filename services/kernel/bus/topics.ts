import { type Job, JobClass } from '../../../gen/cyclorama/job/v1/job.ts';

/** Names of the streams on NATS. */
export const STREAMS = { jobs: 'JOBS', tasks: 'TASKS', results: 'RESULTS' } as const;
/** Names of the key-value buckets on NATS. */
export const BUCKETS = { jobs: 'cyclorama_jobs', ledger: 'cyclorama_ledger', workers: 'cyclorama_workers' } as const;

/** A key-value bucket. */
export type BucketName = keyof typeof BUCKETS;

/** The stream of results keeps each result for so long. */
export const RESULT_RETENTION_MS = 7 * 24 * 3600 * 1000;

/** The name of a job class in subjects. */
export type ClassWord = 'interactive' | 'batch';

/** Workers look for tasks in this order, interactive ones first. */
export const CLASSES: readonly ClassWord[] = ['interactive', 'batch'];

/** Returns the name of a job class. */
export function classWord(jobClass: JobClass): ClassWord {
  return jobClass === JobClass.JOB_CLASS_INTERACTIVE ? 'interactive' : 'batch';
}

/** A part of a queue with its own consumer: the tasks of one class that need, or do not need, a worker with a GPU. */
export type Lane = ClassWord | `${ClassWord}-gpu`;

/** All lanes. */
export const LANES: readonly Lane[] = CLASSES.flatMap((word) => lanesOf(word, true));

/**
 * Returns the lanes that a worker with or without a GPU may take from; the one that fewer workers serve comes first.
 */
export function lanesOf(word: ClassWord, hasGpu: boolean): Lane[] {
  return hasGpu ? [`${word}-gpu`, word] : [word];
}

/** Returns the lane of a job's tasks on assets. */
export function laneOf({ jobClass, requireGpu }: Pick<Job, 'jobClass' | 'requireGpu'>): Lane {
  const word = classWord(jobClass);
  return requireGpu ? `${word}-gpu` : word;
}

/** Returns the subject of the order to drive a job. A queue has the name of its operation. */
export function driveSubject(queue: string, jobId: string): string {
  return `jobs.${queue}.${jobId}`;
}

/** Returns the subject of a job's tasks in one lane, or in all lanes with '*'. */
export function taskSubject(queue: string, lane: Lane | '*', jobId: string): string {
  return `tasks.${queue}.${lane}.${jobId}`;
}

/** Returns the subject of one result, or of all results of a job if `taskId` is '>'. */
export function resultSubject(jobId: string, taskId: string): string {
  return `results.${jobId}.${taskId}`;
}

/** Returns the durable consumer of a queue's drive orders. */
export function driveConsumer(queue: string): string {
  return `jobs-${queue}`;
}

/** Returns the durable consumer of a queue's tasks in one lane. */
export function taskConsumer(queue: string, lane: Lane): string {
  return `tasks-${queue}-${lane}`;
}
