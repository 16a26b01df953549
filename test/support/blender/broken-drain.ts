import { runProcess } from '../../../services/kernel/service/run-process.ts';

// This process ends at once, and its drain fails.
await runProcess('broken-drain', { grpcPort: 0, httpPort: 0 }, ({ log }) => ({
  done: Promise.resolve(),
  drain: async () => {
    throw new Error('the drain failed');
  },
  close: () => log.info('closed'),
}));
