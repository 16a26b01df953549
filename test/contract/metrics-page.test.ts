import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createMetrics } from '../../services/kernel/process/metrics.ts';

const document = readFileSync(new URL('../../docs/run/metrics.md', import.meta.url), 'utf8');
const rows = [...document.matchAll(/^\| `([a-z0-9_]+)` \| (\w+) \| (.+?) \| [A-Z].*\. \|$/gm)];

test('docs/run/metrics.md names every metric of ours with its type and labels, and no other', async () => {
  const { registry } = createMetrics('test');
  const ours = registry.getMetricsAsArray().filter(({ name }) => !/^(?:process|nodejs)_/.test(name));
  const described = ours.map((metric) => {
    const { labelNames } = metric as unknown as { labelNames: string[] };
    const labels = labelNames.map((label) => `\`${label}\``).join(', ');
    return [metric.name, metric.constructor.name.toLowerCase(), labels || 'none'];
  });
  expect(rows.map(([, ...cells]) => cells).toSorted()).toEqual(described.toSorted());
});
