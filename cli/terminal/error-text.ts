import { CycloramaError, REASONS } from '../../services/kernel/failure.ts';

/** Writes an error for people: one sentence, and advice where there is any. */
export function errorText(error: unknown): string {
  if (!(error instanceof CycloramaError)) return error instanceof Error ? error.message : String(error);
  const absent = absentServer(error);
  if (absent !== undefined) {
    const advice = 'start the local stack with `npx cyclorama up`, or name another server with --endpoint HOST:PORT';
    return `${absent}: ${advice}`;
  }
  const text = error.reason === 'invalid_request' ? error.message : `${error.reason}: ${error.message}`;
  const hint = HINTS[error.reason];
  return hint === undefined ? text : `${text}\n${hint}`;
}

/** Writes an error as JSON, for --json. */
export function errorJson(error: unknown): object {
  if (!(error instanceof CycloramaError)) return { error: { message: errorText(error) } };
  const { reason, message, detail } = error;
  const { stage, violations, logTail } = detail;
  return { error: { reason, code: REASONS[reason].code, message, stage, violations, logTail } };
}

const HINTS: Partial<Record<string, string>> = {
  no_workers: 'Start a worker (`npx cyclorama up` runs one), then try again.',
  job_not_found:
    'See `npx cyclorama job list`. After NATS lost its data, `npx cyclorama job resume OUTPUT_URI` resumes its jobs.',
  output_in_use: 'Choose another --output, or overwrite with --replace.',
  bucket_not_found: 'Create it first, for instance with `npx cyclorama put DIR s3://BUCKET/ --create-bucket`.',
};

/** Names the server that does not answer, without gRPC's list of failed layers; undefined for other errors. */
export function absentServer({ reason, message }: CycloramaError): string | undefined {
  const address = /^no answer from '([^']+)'/.exec(message)?.[1];
  if (reason !== 'service_unavailable' || address === undefined) return undefined;
  const why = /.*Last error: (?:Error: )?(.*?)(?:\. Resolution note.*)?$/s.exec(message)?.[1];
  return `no server answers at ${address}${why === undefined ? '' : ` (${why})`}`;
}
