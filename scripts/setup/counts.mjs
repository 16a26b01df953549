/**
 * How many tests passed and failed by vitest's JSON report. A file that failed outside its tests, because it could not
 * be loaded or its hooks threw (its tests then count as skipped), is one failure.
 */
export function readVitestCounts(text) {
  const report = JSON.parse(text);
  const isFailed = ({ status }) => status === 'failed';
  const broken = report.testResults.filter((file) => isFailed(file) && !file.assertionResults.some(isFailed));
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
}

/** How many tests passed and failed by a JUnit XML report; an error in set-up or collection counts as a failure. */
export function readJunitCounts(text) {
  const counts = { passed: 0, failed: 0 };
  for (const [, attributes] of text.matchAll(/<testsuite\s([^>]*)>/g)) {
    const number = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(attributes)?.[1] ?? 0);
    const failed = number('failures') + number('errors');
    counts.failed += failed;
    counts.passed += number('tests') - failed - number('skipped');
  }
  return counts;
}
