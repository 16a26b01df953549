import { runSuite, vitest } from './suite.mjs';

// What `npm run test:system` runs: the programs of others against a real stack. Arguments go to vitest.
await runSuite([vitest('system.json', ['--project=system', ...process.argv.slice(2)])]);
