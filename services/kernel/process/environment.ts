import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65535);
const count = z.coerce.number().int().min(1);
const flag = z.enum(['true', 'false', '1', '0']).transform((word) => word === 'true' || word === '1');
const words = z.string().transform((text) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== ''),
);
const path = z.string().min(1);

/** Every environment variable that a service or worker reads; docs/run/configuration.md explains them. */
export const environmentSchema = z.object({
  CYCLORAMA_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  CYCLORAMA_HOST: z.string().default('127.0.0.1'),
  CYCLORAMA_GRPC_PORT: port.optional(),
  CYCLORAMA_HTTP_PORT: port.optional(),
  CYCLORAMA_INSECURE_BIND: flag.default(false),
  CYCLORAMA_TOKEN: z.string().min(16).optional(),
  CYCLORAMA_TOKEN_FILE: path.optional(),
  CYCLORAMA_TLS_CERT_FILE: path.optional(),
  CYCLORAMA_TLS_KEY_FILE: path.optional(),
  CYCLORAMA_TLS_CA_FILE: path.optional(),
  CYCLORAMA_CALL_TIMEOUT_MS: count.default(600_000),

  CYCLORAMA_NATS_URL: z.string().default('nats://127.0.0.1:4222'),
  CYCLORAMA_NATS_CREDS_FILE: path.optional(),
  CYCLORAMA_NATS_TOKEN: z.string().optional(),
  CYCLORAMA_NATS_USER: z.string().optional(),
  CYCLORAMA_NATS_PASSWORD: z.string().optional(),
  CYCLORAMA_NATS_CA_FILE: path.optional(),
  CYCLORAMA_NATS_REPLICAS: count.max(5).default(1),
  CYCLORAMA_ACK_WAIT_MS: count.min(2_000).default(60_000),

  CYCLORAMA_S3_ENDPOINT: z.url().optional(),
  CYCLORAMA_S3_FORCE_PATH_STYLE: flag.default(false),
  CYCLORAMA_S3_CHECKSUMS: z.enum(['when_supported', 'when_required']).default('when_supported'),
  CYCLORAMA_S3_REQUESTER_PAYS: flag.default(false),
  CYCLORAMA_S3_SSE: z.enum(['AES256', 'aws:kms']).optional(),
  CYCLORAMA_S3_SSE_KMS_KEY_ID: z.string().optional(),
  CYCLORAMA_S3_ROLE_ARN: z
    .string()
    .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/, 'expected arn:aws:iam::ACCOUNT:role/NAME')
    .optional(),
  CYCLORAMA_S3_ROLE_EXTERNAL_ID: z.string().min(2).optional(),
  CYCLORAMA_S3_ROLE_SESSION_NAME: z
    .string()
    .regex(/^[\w+=,.@-]{2,64}$/, 'expected 2 to 64 letters, digits or +=,.@-')
    .default('cyclorama'),
  AWS_REGION: z.string().default('us-east-1'),
  CYCLORAMA_ALLOWED_BUCKETS: words.optional(),

  CYCLORAMA_DISCOVERY_ADDRESS: z.string().default('127.0.0.1:50051'),

  CYCLORAMA_WORKER_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .optional(),
  CYCLORAMA_OPERATIONS: words.optional(),
  CYCLORAMA_SLOTS: count.max(64).default(1),
  CYCLORAMA_TASKS_AHEAD: z.coerce.number().int().min(0).max(64).default(3),
  CYCLORAMA_THREADS: count.default(availableParallelism()),
  CYCLORAMA_SCRATCH_DIR: path.default(join(tmpdir(), 'cyclorama-scratch')),
  CYCLORAMA_SCRATCH_BYTES: count.default(20 * 1024 ** 3),
  CYCLORAMA_MAX_ASSET_BYTES: count.max(5 * 1024 ** 3).default(5 * 1024 ** 3),
  CYCLORAMA_PYTHON: path.default('python3'),
  CYCLORAMA_SANDBOX: z.enum(['required', 'auto', 'off']).default('auto'),
  CYCLORAMA_DEVICE: z.enum(['auto', 'cpu', 'gpu']).default('auto'),
  CYCLORAMA_KERNEL_CACHE_DIR: path.optional(),
  CYCLORAMA_BLENDER_MEMORY_BYTES: count.default(8 * 1024 ** 3),
  CYCLORAMA_BLENDER_ASSETS: count.default(200),
  CYCLORAMA_TASK_TIMEOUT_MS: count.default(600_000),
  CYCLORAMA_STALL_TIMEOUT_MS: count.default(120_000),
  CYCLORAMA_EXIT_WHEN_IDLE_MS: count.optional(),
});

/** Variables whose values are never shown. */
export const SECRETS: ReadonlySet<string> = new Set([
  'CYCLORAMA_TOKEN',
  'CYCLORAMA_NATS_TOKEN',
  'CYCLORAMA_NATS_PASSWORD',
  'CYCLORAMA_S3_ROLE_EXTERNAL_ID',
]);
