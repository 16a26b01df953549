/**
 * Parses a vitest JSON report into `{ passed, failures }`; a failure has the name of the test and its message. A file
 * is one failure if it failed outside its tests: it could not be loaded, or its hooks threw, so its tests were skipped.
 */
export function readVitestReport(text) {
  const report = JSON.parse(text);
  const failures = report.testResults.filter(isFailed).flatMap((file) => {
    const failed = file.assertionResults.filter(isFailed);
    if (failed.length === 0) return [{ test: file.name, message: file.message ?? '' }];
    return failed.map((test) => ({
      test: `${file.name} > ${test.fullName}`,
      message: (test.failureMessages ?? []).join('\n'),
    }));
  });
  return { passed: report.numPassedTests, failures };
}

/** Parses a JUnit XML report in the same form; an error in set-up or collection is a failure. */
export function readJunitReport(text) {
  const failures = [];
  for (const [, attributes, body = ''] of text.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    for (const [, , message] of body.matchAll(/<(failure|error)\b[^>]*>([\s\S]*?)<\/\1>/g)) {
      const part = (name) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '';
      failures.push({ test: plainText(`${part('classname')} > ${part('name')}`), message: plainText(message) });
    }
  }
  let passed = 0;
  for (const [, attributes] of text.matchAll(/<testsuite\s([^>]*)>/g)) {
    const number = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(attributes)?.[1] ?? 0);
    passed += number('tests') - number('failures') - number('errors') - number('skipped');
  }
  return { passed, failures };
}

const ENTITIES = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function plainText(text) {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => ENTITIES[name]);
}

function isFailed({ status }) {
  return status === 'failed';
}
