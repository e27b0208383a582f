// Adds up the tests in the reports of a folder (tests.json, all-tests.json, pytest.xml) and prints the sum as the last line.
// The tests of tests.json run again in all-tests.json: they count once, and as failed if either run saw them fail.
// Before the sum it names what failed, on standard error: the lines of a long run that say so are easily cut off.
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const folder = process.argv[2] ?? '.'
const total = { passed: 0, failed: 0, skipped: 0 }

/** The first lines of a message, on one line, without colours. */
function firstLines(message = '') {
  return message
    .replaceAll(/\p{Cc}\[[0-9;]*m/gu, '')
    .split('\n')
    .slice(0, 12)
    .join(' | ')
    .slice(0, 1500)
}

const runs = ['all-tests.json', 'tests.json'].map((name) => join(folder, name)).filter((path) => existsSync(path))
for (const [at, path] of runs.entries()) {
  const report = JSON.parse(readFileSync(path, 'utf8'))
  // A file that breaks before its first test has no test to count, and counts as one that failed.
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  total.failed += report.numFailedTests + broken.length
  for (const file of report.testResults) {
    const name = relative(process.cwd(), file.name)
    if (broken.includes(file)) console.error(`failed: ${name}: ${firstLines(file.message)}`)
    for (const test of file.assertionResults) {
      if (test.status === 'failed')
        console.error(`failed: ${name}: ${test.fullName}: ${firstLines(test.failureMessages[0])}`)
    }
  }
  if (at > 0) continue
  total.passed += report.numPassedTests
  total.skipped += report.numPendingTests + report.numTodoTests
}

const pytest = join(folder, 'pytest.xml')
if (existsSync(pytest)) {
  const suite = readFileSync(pytest, 'utf8').match(/<testsuite [^>]*>/)?.[0] ?? ''
  const count = (name) => Number(suite.match(new RegExp(` ${name}="(\\d+)"`))?.[1] ?? 0)
  const failed = count('failures') + count('errors')
  total.failed += failed
  total.skipped += count('skipped')
  total.passed += count('tests') - failed - count('skipped')
}

console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
