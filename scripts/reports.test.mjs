import { expect, test } from 'vitest';
import { readJunitReport, readVitestReport } from './reports.mjs';

test("vitest's failures are named, and a file that failed outside its tests is one failure more", () => {
  const passed = { status: 'passed', fullName: 'fine' };
  const failed = { status: 'failed', fullName: 'group adds up', failureMessages: ['expected 4', 'and 5'] };
  const report = {
    numPassedTests: 7,
    numFailedTests: 1,
    testResults: [
      { name: 'empty.test.ts', status: 'failed', message: 'cannot be loaded', assertionResults: [] },
      { name: 'hooks.test.ts', status: 'failed', assertionResults: [{ status: 'skipped' }] },
      { name: 'sum.test.ts', status: 'failed', assertionResults: [passed, failed] },
      { name: 'good.test.ts', status: 'passed', assertionResults: [passed] },
    ],
  };
  expect(readVitestReport(JSON.stringify(report))).toEqual({
    passed: 7,
    failures: [
      { test: 'empty.test.ts', message: 'cannot be loaded' },
      { test: 'hooks.test.ts', message: '' },
      { test: 'sum.test.ts > group adds up', message: 'expected 4\nand 5' },
    ],
  });
});

test('errors and failures of a JUnit report are named, skipped tests count as neither', () => {
  const report = `<?xml version="1.0"?><testsuites name="all">
    <testsuite name="pytest" errors="1" failures="1" skipped="1" tests="5" time="1.2">
    <testcase classname="tests.test_depth" name="test_a" time="0.1"/>
    <testcase classname="tests.test_depth" name="test_b" />
    <testcase classname="tests.test_depth" name="test_c"><skipped message="x">why</skipped></testcase>
    <testcase classname="tests.test_depth" name="test_d[&quot;x&quot;]">
      <failure message="m">assert 1 &lt; 0</failure></testcase>
    <testcase classname="tests.test_depth" name="test_e"><error message="m">no fixture</error></testcase>
  </testsuite></testsuites>`;
  expect(readJunitReport(report)).toEqual({
    passed: 2,
    failures: [
      { test: 'tests.test_depth > test_d["x"]', message: 'assert 1 < 0' },
      { test: 'tests.test_depth > test_e', message: 'no fixture' },
    ],
  });
});

test('a JUnit report of no test says nothing', () => {
  expect(
    readJunitReport('<testsuites><testsuite errors="0" failures="0" skipped="0" tests="0"/></testsuites>'),
  ).toEqual({ passed: 0, failures: [] });
});
