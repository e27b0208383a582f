// Adds up the tests in vitest.json and pytest.xml of a folder, and prints the sum as the only line.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.argv[2] ?? '.'
const total = { passed: 0, failed: 0, skipped: 0 }

const vitest = join(folder, 'vitest.json')
if (existsSync(vitest)) {
  const report = JSON.parse(readFileSync(vitest, 'utf8'))
  // A file that breaks before its first test has no test to count, and counts as one that failed.
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  total.passed += report.numPassedTests
  total.failed += report.numFailedTests + broken.length
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
