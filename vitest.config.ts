import { defineConfig } from 'vitest/config';

/** A poll ends as soon as its expectation holds; on a loaded machine the default of a second is too short. */
const expectations = { poll: { timeout: 30_000 } };

/** Rooms whose tests start servers or Blender: one file at a time, since the machine is shared with what they start. */
const serial = [
  { name: 'contract', timeoutMs: 60_000 },
  { name: 'integration', timeoutMs: 120_000 },
  { name: 'e2e', timeoutMs: 600_000 },
  { name: 'faults', timeoutMs: 300_000 },
  // Needs programs of others: a suite of its own, `npm run test:system`.
  { name: 'system', timeoutMs: 120_000 },
  // Needs a folder of real files that is no part of this repository: `npm run test:corpus`.
  { name: 'corpus', timeoutMs: 1_800_000 },
];

export default defineConfig({
  test: {
    fileParallelism: false,
    passWithNoTests: false,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['services/**/*.test.ts', 'cli/**/*.test.ts', 'scripts/**/*.test.mjs'],
          testTimeout: 60_000,
          expect: expectations,
        },
      },
      ...serial.map(({ name, timeoutMs }, index) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          fileParallelism: false,
          testTimeout: timeoutMs,
          expect: expectations,
          hookTimeout: timeoutMs,
          sequence: { groupOrder: index + 1 },
        },
      })),
    ],
  },
});
