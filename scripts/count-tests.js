// Reads vitest's JSON report and prints how many tests passed and failed: `12 0`. An empty report counts as none.
import { readFileSync } from 'node:fs';

const text = readFileSync(process.argv[2], 'utf8');
const files = text === '' ? [] : JSON.parse(text).testResults;

let passed = 0;
let failed = 0;
for (const { status, assertionResults } of files) {
  const failedHere = assertionResults.filter((result) => result.status === 'failed').length;
  passed += assertionResults.filter((result) => result.status === 'passed').length;
  // a file that could not be loaded has failed, though none of its tests has
  failed += failedHere === 0 && status === 'failed' ? 1 : failedHere;
}
console.log(passed, failed);
