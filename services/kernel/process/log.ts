import { pino } from 'pino';

/** Structured log of one process; children carry job, task, attempt and trace id. */
export type Log = pino.Logger;

/** Creates a JSON log on standard error, so that standard output stays free for results. */
export function createLog(service: string, level: string): Log {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ['token', 'authorization', 'secretAccessKey', 'sessionToken', '*.token', '*.authorization'],
        censor: '[redacted]',
      },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
