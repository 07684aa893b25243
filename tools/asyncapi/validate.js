// Prints what @asyncapi/parser has against a document and then the names of its messages. It fails on errors and warnings.
import { Parser, fromFile } from '@asyncapi/parser';

const severities = ['error', 'warning', 'information', 'hint'];
const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
const faults = diagnostics.filter((found) => found.severity <= 1);
for (const found of faults) {
  console.log(`${severities[found.severity]} ${found.code} at /${found.path.join('/')}: ${found.message}`);
}
if (document === undefined || faults.length > 0) {
  process.exit(1);
}
console.log([...new Set(document.components().messages().all().map((message) => message.name()))].sort().join('\n'));
