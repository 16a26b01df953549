import { type Job, JobClass } from '../../../gen/cyclorama/job/v1/job.ts';

/** Names of streams and key-value buckets on NATS. */
export const STREAMS = { jobs: 'JOBS', tasks: 'TASKS', results: 'RESULTS' } as const;
export const BUCKETS = { jobs: 'cyclorama_jobs', ledger: 'cyclorama_ledger', workers: 'cyclorama_workers' } as const;

export type BucketName = keyof typeof BUCKETS;

/** So long the stream of results keeps one. */
export const RESULT_RETENTION_MS = 7 * 24 * 3600 * 1000;

/** The word of a class. */
export type ClassWord = 'interactive' | 'batch';

/** Interactive first: the order in which workers look for tasks. */
export const CLASSES: readonly ClassWord[] = ['interactive', 'batch'];

export function classWord(jobClass: JobClass): ClassWord {
  return jobClass === JobClass.JOB_CLASS_INTERACTIVE ? 'interactive' : 'batch';
}

/** A part of a queue, with a consumer of its own: tasks of one class, those apart that only a worker with a GPU may take. */
export type Lane = ClassWord | `${ClassWord}-gpu`;

export const LANES: readonly Lane[] = CLASSES.flatMap((word) => lanesOf(word, true));

/** The lanes of a class for a worker with or without a GPU, that first which fewer workers may take from. */
export function lanesOf(word: ClassWord, hasGpu: boolean): Lane[] {
  return hasGpu ? [`${word}-gpu`, word] : [word];
}

/** The lane of a job's tasks on assets. */
export function laneOf({ jobClass, requireGpu }: Pick<Job, 'jobClass' | 'requireGpu'>): Lane {
  const word = classWord(jobClass);
  return requireGpu ? `${word}-gpu` : word;
}

/** Subject of the order to drive a job. A queue is named like its operation. */
export function driveSubject(queue: string, jobId: string): string {
  return `jobs.${queue}.${jobId}`;
}

/** Subject of a job's tasks in one lane; with '*' in all lanes. */
export function taskSubject(queue: string, lane: Lane | '*', jobId: string): string {
  return `tasks.${queue}.${lane}.${jobId}`;
}

/** Subject of one result; with '>' of all results of a job. */
export function resultSubject(jobId: string, taskId: string): string {
  return `results.${jobId}.${taskId}`;
}

/** Durable consumer of a queue's drive orders. */
export function driveConsumer(queue: string): string {
  return `jobs-${queue}`;
}

/** Durable consumer of a queue's tasks in one lane. */
export function taskConsumer(queue: string, lane: Lane): string {
  return `tasks-${queue}-${lane}`;
}
