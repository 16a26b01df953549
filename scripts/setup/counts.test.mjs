import { expect, test } from 'vitest';
import { readJunitCounts, readVitestCounts } from './counts.mjs';

test("vitest's own numbers are taken, and a file that failed outside its tests is one failure more", () => {
  const report = {
    numPassedTests: 7,
    numFailedTests: 2,
    testResults: [
      { status: 'failed', assertionResults: [] },
      { status: 'failed', assertionResults: [{ status: 'skipped' }] },
      { status: 'failed', assertionResults: [{ status: 'failed' }] },
      { status: 'passed', assertionResults: [{ status: 'passed' }] },
    ],
  };
  expect(readVitestCounts(JSON.stringify(report))).toEqual({ passed: 7, failed: 4 });
});

test('errors and failures of a JUnit report count as failed, skipped tests as neither', () => {
  const report =
    '<?xml version="1.0"?><testsuites name="all"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="1.2"><testcase/></testsuite></testsuites>';
  expect(readJunitCounts(report)).toEqual({ passed: 4, failed: 3 });
});

test('a JUnit report of no test counts nothing', () => {
  expect(
    readJunitCounts('<testsuites><testsuite errors="0" failures="0" skipped="0" tests="0"/></testsuites>'),
  ).toEqual({
    passed: 0,
    failed: 0,
  });
});
