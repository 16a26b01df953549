import { runSuite, vitest } from './suite.mjs';

// `npm run test:system` runs this: it tests foreign programs against a real stack. Arguments go to vitest.
await runSuite([vitest('system.json', ['--project=system', ...process.argv.slice(2)])]);
