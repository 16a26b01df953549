/** How many tests passed and failed by vitest's JSON report; a file that could not be loaded counts as one failure. */
export function readVitestCounts(text) {
  const report = JSON.parse(text);
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
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
