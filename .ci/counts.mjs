// A vitest JSON report → "passed failed skipped", for .ci/run. Names each skipped test with its file.
import { readFileSync } from 'node:fs'

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const files = report.testResults
const broken = files.filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
)
for (const file of files) {
  for (const test of file.assertionResults) {
    if (test.status === 'pending' || test.status === 'skipped') {
      console.error(`SKIPPED: ${test.fullName} (${file.name.split('/').pop()})`)
    }
  }
}
const skipped = report.numPendingTests + (report.numTodoTests ?? 0)
console.log(report.numPassedTests, report.numFailedTests + broken.length, skipped)
